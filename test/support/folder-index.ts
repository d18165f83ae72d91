import { encodeIndex } from '../../containers/builder/layers/index-file.ts';
import type { LayerIndexHeader, PackageStanza } from '../../core/builds/layer-index.ts';
import type { ManifestStep } from '../../core/builds/manifest.ts';

/**
 * The index of a layer with one folder, which is named after the step's key, and with a package database where given.
 * @param taken what the step took from archives
 * @param more ends the folder's name: the same key may come to something else
 */
export function folderIndex(
  step: ManifestStep,
  packages?: readonly PackageStanza[],
  more = '',
  taken?: LayerIndexHeader['taken'],
): Promise<Buffer> {
  const told = taken === undefined ? {} : { taken };
  const header = { format: 'lbuild-layer-index/1' as const, step: step.id, entries: 1, ...told };
  const entries = [{ path: `${step.key}${more}`, type: 'directory' as const }];
  return encodeIndex({ ...header, ...(packages === undefined ? {} : { packages: [...packages] }) }, entries);
}

import { lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerReference } from '../../../core/builds/manifest.ts';
import { sha256 } from '../../../core/digest.ts';
import { type DifferenceOptions, takeDifference } from './difference.ts';
import { encodeIndex } from './index-file.ts';
import { packageDatabase, readPackages } from './packages.ts';
import { textToBytes } from './path-text.ts';
import { writeLayer } from './tar-writer.ts';
import type { TreeIndex } from './tree-index.ts';

export interface CapturedLayer {
  readonly reference: LayerReference;
  readonly layerFile: string;
  readonly indexFile: string;
  readonly after: TreeIndex;
}

/** Every part of the database's path in the tree is what it should be: no symlink leads elsewhere. */
function databaseIn(after: TreeIndex): boolean {
  const parts = packageDatabase.split('/');
  return parts.every((_, at) => {
    const type = after.get(parts.slice(0, at + 1).join('/'))?.type;
    return type === (at === parts.length - 1 ? 'file' : 'directory');
  });
}

/**
 * Takes the difference that a step made and writes its layer and index to `folder`.
 * @throws StepError as takeDifference
 */
export async function captureLayer(
  options: DifferenceOptions & { readonly step: string; readonly folder: string },
): Promise<CapturedLayer> {
  const { step, folder, tree } = options;
  const { entries, after } = await takeDifference(options);
  const layerFile = join(folder, 'layer');
  const indexFile = join(folder, 'index');
  const written = await writeLayer({ tree, entries, file: layerFile });
  let databaseChanged = false;
  for (const entry of written.entries) {
    if (entry.path === packageDatabase) databaseChanged = entry.type === 'file';
    if (entry.type !== 'whiteout') after.set(textToBytes(entry.path), entry);
  }
  const database = join(tree, packageDatabase);
  const packages =
    databaseChanged && databaseIn(after) && (await lstat(database)).isFile() ? await readPackages(database) : undefined;
  const index = await encodeIndex(
    {
      format: 'lbuild-layer-index/1',
      step,
      entries: written.entries.length,
      ...(packages === undefined ? {} : { packages }),
    },
    written.entries,
  );
  await writeFile(indexFile, index);
  const { digest, size, diffId } = written;
  const reference = { step, digest, size, diffId, index: sha256(index), indexSize: index.length };
  return { reference, layerFile, indexFile, after };
}

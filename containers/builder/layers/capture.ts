import { lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerIndexHeader } from '../../../core/builds/layer-index.ts';
import { sha256 } from '../../../core/digest.ts';
import type { Difference } from './difference.ts';
import { type DecodedIndex, encodeIndex } from './index-file.ts';
import type { StoredLayer } from './layer-reader.ts';
import { withLicences } from './licences.ts';
import { packageDatabase, readPackages } from './packages.ts';
import { textToBytes } from './path-text.ts';
import { writeLayer } from './tar-writer.ts';
import type { TreeIndex } from './tree-index.ts';

export interface CapturedLayer {
  readonly layer: StoredLayer;
  readonly index: DecodedIndex;
  /** What the tree holds with the layer. */
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
 * Writes the layer of a difference and its index to `folder`.
 * @param tree the entries' files are read from it
 * @throws Error where a file changed meanwhile
 */
export async function writeCapture(options: {
  readonly step: string;
  readonly folder: string;
  readonly tree: string;
  readonly difference: Difference;
  /** What the step read, for its index. */
  readonly inputs?: LayerIndexHeader['inputs'];
  /** What the step took from archives, for its index too. */
  readonly taken?: LayerIndexHeader['taken'];
}): Promise<CapturedLayer> {
  const { step, folder, tree, inputs, taken } = options;
  const { entries, after } = options.difference;
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
    databaseChanged && databaseIn(after) && (await lstat(database)).isFile()
      ? withLicences(await readPackages(database), tree, written.entries)
      : undefined;
  const header: LayerIndexHeader = {
    format: 'lbuild-layer-index/1',
    step,
    entries: written.entries.length,
    ...(packages === undefined ? {} : { packages }),
    ...(taken === undefined ? {} : { taken }),
    ...(inputs === undefined ? {} : { inputs }),
  };
  const index = await encodeIndex(header, written.entries);
  await writeFile(indexFile, index);
  const { digest, size, diffId } = written;
  const reference = { step, digest, size, diffId, index: sha256(index), indexSize: index.length };
  return { layer: { reference, layerFile, indexFile }, index: { header, entries: written.entries }, after };
}

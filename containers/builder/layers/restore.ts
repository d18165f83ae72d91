import { lstatSync, lutimesSync, readdirSync, rmdirSync, unlinkSync, utimesSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { sha256 } from '../../../core/digest.ts';
import { decodeIndex } from './index-file.ts';
import { LayerError } from './layer-error.ts';
import { LayerMerge } from './merge.ts';
import { type BytePath, parentOf, pathInside, textToBytes } from './path-text.ts';
import type { TreeIndex } from './tree-index.ts';
import { type StoredLayer, unpackLayer } from './unpack.ts';

/** Removes a path and all below it; symlinks are removed, not followed. */
function removePath(path: Buffer): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    unlinkSync(path);
    return;
  }
  for (const name of readdirSync(path, { encoding: 'buffer' })) {
    removePath(Buffer.concat([path, Buffer.from('/'), name]));
  }
  rmdirSync(path);
}

/**
 * Unpacks layers into an empty tree, lowest first, and answers the merged index. The layers may be hostile.
 *
 * @throws StepError layer.conflict; LayerError where a layer's bytes, index or names are not what they must be
 */
export async function restoreLayers(
  tree: string,
  layers: readonly StoredLayer[],
  sourceDateEpoch: number,
): Promise<TreeIndex> {
  const merge = new LayerMerge();
  const touched = new Set<BytePath>();
  for (const [at, layer] of layers.entries()) {
    const { step, after } = layer.reference;
    const stored = await readFile(layer.indexFile);
    if (sha256(stored) !== layer.reference.index) throw new LayerError(step, 'its index has another digest');
    const { entries } = await decodeIndex(stored).catch((error: unknown) => {
      throw new LayerError(step, `its index cannot be read: ${error instanceof Error ? error.message : 'unknown'}`);
    });
    for (const path of merge.add(step, after, entries)) removePath(pathInside(tree, path));
    await unpackLayer(tree, layer, entries);
    // Writing into a folder changes its time, which only that folder's own layer knows.
    if (at > 0) for (const entry of entries) touched.add(parentOf(textToBytes(entry.path)));
  }
  for (const folder of touched) {
    const entry = merge.index.get(folder);
    if (entry?.type === 'directory') lutimesSync(pathInside(tree, folder), entry.mtime ?? 0, entry.mtime ?? 0);
  }
  utimesSync(tree, sourceDateEpoch, sourceDateEpoch);
  return merge.index;
}

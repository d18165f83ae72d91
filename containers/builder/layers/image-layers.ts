import type { ImageLayer } from '../contract.ts';
import { readLayer } from './layer-reader.ts';
import { type BytePath, compareBytes, parentOf, textToBytes } from './path-text.ts';
import type { LayerShelf } from './shelf.ts';
import { tarEnd, tarHeader } from './tar-header.ts';
import type { TreeIndex } from './tree-index.ts';

/**
 * Layers as a container image stacks them; those that hold nothing are left out.
 *
 * A stored layer says nothing of a folder in which only a file changed. A runtime unpacks each layer for itself and
 * would make such a folder up, of root's and with mode 755, over the one below. So an image's layer begins with the
 * folders above its entries that it does not hold, as the layers up to it have them. And it has no deletion below a
 * folder that a step beside it deleted whole: that would bring the folder back.
 *
 * @param steps in the order in which they are stacked; what a layer is built on stands before it
 * @throws StepError layer.conflict; LayerError where an index is not what its digest says
 */
export async function imageLayers(shelf: LayerShelf, steps: readonly string[]): Promise<ImageLayer[]> {
  const layers: ImageLayer[] = [];
  for (const [at, step] of steps.entries()) {
    const { entries } = await shelf.index(step);
    const { index } = await shelf.merge(steps.slice(0, at + 1));
    const isDead = (path: BytePath) => parentOf(path) !== '' && index.get(parentOf(path))?.type !== 'directory';
    const paths = entries.map((entry) => textToBytes(entry.path));
    const dead = new Set(entries.filter((entry, place) => entry.type === 'whiteout' && isDead(paths[place] ?? '')));
    if (dead.size === entries.length) continue;
    const live = paths.filter((_, place) => !dead.has(entries[place] ?? { path: '', type: 'whiteout' }));
    const stored = await shelf.layer(step);
    const folders = Buffer.concat(foldersAbove(live, index).map(tarHeader));
    layers.push({
      step,
      folders,
      ...(dead.size > 0 ? {} : { stored: { file: stored.layerFile, sha256: stored.reference.digest } }),
      async write(write) {
        await write(folders);
        await readLayer(stored, entries, async (entry, header) => {
          if (dead.has(entry)) return undefined;
          await write(header);
          return write;
        });
        await write(tarEnd);
      },
    });
  }
  return layers;
}

/** The folders above some paths of a layer that are none of these, highest first. */
function foldersAbove(paths: readonly BytePath[], index: TreeIndex) {
  const known = new Set(paths);
  const found: BytePath[] = [];
  for (const path of paths) {
    for (let at = parentOf(path); at !== '' && !known.has(at); at = parentOf(at)) {
      known.add(at);
      found.push(at);
    }
  }
  return found.sort(compareBytes).flatMap((path) => index.get(path) ?? []);
}

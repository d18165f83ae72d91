import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { type BytePath, compareBytes, parentOf, textToBytes } from './path-text.ts';
import type { LayerShelf } from './shelf.ts';
import { tarEnd, tarHeader } from './tar-header.ts';
import { writeMembers } from './tar-members.ts';
import { sameEntry, type TreeIndex } from './tree-index.ts';

/** Entries of a module: what stands in no layer's tar, and of each layer what is taken from it. */
interface ModulePlan {
  /** Folders and deletions, sorted. */
  readonly shells: readonly LayerEntry[];
  readonly taken: ReadonlySet<LayerEntry>;
}

/** A deletion, as overlayfs reads it from a lower layer: a character device 0:0. */
function deletion(path: string): LayerEntry {
  return { path, type: 'character', mode: 0, uid: 0, gid: 0, mtime: 0, device: [0, 0] };
}

/**
 * What a module holds: where the tree with its layers differs from the tree below them. It follows from the two trees
 * alone, so a folder that was deleted and made again hides each lower entry by a deletion of its own: marking it
 * opaque takes an attribute that containers may not set. Every folder above an entry is there with its own mode and
 * owner, since overlayfs shows the topmost.
 */
function planModule(below: TreeIndex, above: TreeIndex): ModulePlan {
  const shells = new Map<BytePath, LayerEntry>();
  const taken = new Set<LayerEntry>();
  const addFolders = (path: BytePath): void => {
    for (let at = parentOf(path); at !== '' && !shells.has(at); at = parentOf(at)) {
      const folder = above.get(at);
      if (folder?.type === 'directory') shells.set(at, folder);
    }
  };
  for (const [path, entry] of above) {
    const old = below.get(path);
    if (old === entry || (old !== undefined && sameEntry(old, entry))) continue;
    if (entry.type === 'directory') shells.set(path, entry);
    else taken.add(entry);
    addFolders(path);
  }
  for (const [path, entry] of below) {
    if (above.has(path)) continue;
    if (parentOf(path) !== '' && above.get(parentOf(path))?.type !== 'directory') continue;
    shells.set(path, deletion(entry.path));
    addFolders(path);
  }
  return {
    shells: [...shells].sort(([a], [b]) => compareBytes(a, b)).map(([, entry]) => entry),
    taken,
  };
}

/**
 * Writes layers as the tar of one module: folders and deletions first, then layer by layer what is left of each, hard
 * links last.
 *
 * @param layers steps whose layers it holds; what they are built on is below it
 * @throws StepError layer.conflict; LayerError where a layer is not what its index and digest say
 */
export async function writeModuleTar(
  shelf: LayerShelf,
  layers: readonly string[],
  write: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const all = shelf.closure(layers);
  const above = await shelf.merge(all);
  const below = await shelf.merge(all.filter((step) => !layers.includes(step)));
  const { shells, taken } = planModule(below.index, above.index);
  const own = all.filter((step) => layers.includes(step));
  // An entry of a layer that is hidden by a later one is another object than the merged index holds.
  const visible = (entry: LayerEntry) => taken.has(entry) && above.index.get(textToBytes(entry.path)) === entry;
  for (const entry of shells) await write(tarHeader(entry));
  await writeMembers(shelf, own, visible, write);
  await write(tarEnd);
}

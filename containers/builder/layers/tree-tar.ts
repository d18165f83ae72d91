import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { TreeTarOptions } from '../contract.ts';
import { type BytePath, compareBytes, textToBytes } from './path-text.ts';
import type { LayerShelf } from './shelf.ts';
import { paddingOf, tarEnd, tarHeader } from './tar-header.ts';
import { writeMembers } from './tar-members.ts';

/**
 * Writes the tree that layers make as one tar: its folders first, then the files layer by layer, hard links, and the
 * files that are added. It needs no tree. The root folder itself is not in it.
 *
 * @param steps all that make the tree, lowest first
 * @param options.files paths that the tree has not, in folders that it has
 * @throws StepError layer.conflict; LayerError where a layer is not what its index and digest say
 */
export async function writeTreeTar(
  shelf: LayerShelf,
  steps: readonly string[],
  options: TreeTarOptions,
  write: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const { index } = await shelf.merge(steps);
  // A link from elsewhere keeps its file, wherever that lies.
  const linked = new Set(
    [...index.values()].flatMap(({ type, target }) =>
      type === 'hardlink' && target !== undefined ? textToBytes(target) : [],
    ),
  );
  const isIn = (path: BytePath) => linked.has(path) || !options.emptied.some((folder) => path.startsWith(`${folder}/`));
  const folders = [...index].filter(([path, { type }]) => type === 'directory' && isIn(path));
  for (const [, folder] of folders.sort(([a], [b]) => compareBytes(a, b))) await write(tarHeader(folder));
  const wanted = (entry: LayerEntry) => {
    const path = textToBytes(entry.path);
    return entry.type !== 'directory' && index.get(path) === entry && isIn(path);
  };
  await writeMembers(shelf, steps, wanted, write);
  for (const { path, text } of options.files) {
    const content = Buffer.from(text);
    const size = content.length;
    await write(tarHeader({ path, type: 'file', mode: 0o644, size, mtime: options.mtime }));
    await write(content);
    await write(Buffer.alloc(paddingOf(size)));
  }
  await write(tarEnd);
}

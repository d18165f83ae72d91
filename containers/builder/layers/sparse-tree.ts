import { writeFile } from 'node:fs/promises';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { LayerMerge } from './merge.ts';
import { type BytePath, compareBytes, parentOf, textToBytes } from './path-text.ts';
import type { LayerShelf } from './shelf.ts';
import { tarHeader } from './tar-header.ts';
import { runTool } from './tool.ts';
import type { TreeIndex } from './tree-index.ts';
import { startTarExtraction } from './unpack.ts';
import { setXattrsBesideModule } from './xattrs.ts';

/** As many symlinks as Linux follows in one path (MAXSYMLINKS). */
const mostLinks = 40;

/**
 * The paths of a tree that a sparse one has: those asked for with all that is below and above them, and every symlink on
 * the way with what it leads to. With one name of a hard-linked file it has all, since a file of which one name were
 * missing would look changed.
 * @param wanted relative to the root; a path that is not there counts as far as it is
 */
export function pathsOfSparseTree(index: TreeIndex, wanted: readonly BytePath[]): Set<BytePath> {
  const paths = new Set<BytePath>();
  const folders = new Set<BytePath>();
  for (const path of wanted) {
    const end = follow(index, path, (passed) => paths.add(passed));
    if (end !== undefined && index.get(end)?.type === 'directory') folders.add(end);
  }
  const isBelow = (path: BytePath) => {
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) if (folders.has(at)) return true;
    return false;
  };
  const links: { path: BytePath; target: BytePath }[] = [];
  for (const [path, entry] of index) {
    if (isBelow(path)) paths.add(path);
    if (entry.type === 'hardlink') links.push({ path, target: textToBytes(entry.target ?? '') });
  }
  for (const { path, target } of links) if (paths.has(path)) paths.add(target);
  for (const { path, target } of links) if (paths.has(target)) paths.add(path);
  for (const path of [...paths]) for (let at = parentOf(path); at !== ''; at = parentOf(at)) paths.add(at);
  return paths;
}

/** Walks a path as the booted system would; answers where it ends, undefined where it ends before its last part. */
function follow(index: TreeIndex, path: BytePath, pass: (path: BytePath) => void): BytePath | undefined {
  const left = path.split('/').reverse();
  let at: BytePath = '';
  for (let links = 0; left.length > 0 && links <= mostLinks; ) {
    const part = left.pop() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = parentOf(at);
      continue;
    }
    const next = at === '' ? part : `${at}/${part}`;
    const entry = index.get(next);
    if (entry === undefined) return undefined;
    pass(next);
    if (entry.type !== 'symlink') {
      at = next;
      continue;
    }
    links += 1;
    const target = textToBytes(entry.target ?? '');
    if (target.startsWith('/')) at = '';
    left.push(...target.split('/').reverse());
  }
  return at;
}

/**
 * Makes a sparse tree in an empty folder from layers that have modules of their own.
 * @param lower.paths of the merged index, which the tree is to have
 * @throws LayerError where a module is another than its digest says
 */
export async function unpackSparse(
  tree: string,
  scratchFile: string,
  shelf: LayerShelf,
  lower: { readonly merge: LayerMerge; readonly steps: readonly string[]; readonly paths: ReadonlySet<BytePath> },
): Promise<void> {
  const { index } = lower.merge;
  const left = new Set<BytePath>();
  for (const path of lower.paths) {
    const type = index.get(path)?.type;
    if (type === 'file' || type === 'hardlink') left.add(path);
  }
  const checked: Promise<unknown>[] = [];
  for (const step of lower.steps.toReversed()) {
    if (left.size === 0) break;
    const module = shelf.moduleOf(step);
    const { entries } = await shelf.index(step);
    const owned = entries
      .map((entry): [BytePath, LayerEntry] => [textToBytes(entry.path), entry])
      .filter(([path, entry]) => left.has(path) && index.get(path) === entry);
    const own = owned.map(([path]) => path);
    if (own.length === 0 || module === undefined) continue;
    for (const path of own) left.delete(path);
    // It is checked meanwhile: what comes out of a damaged one is thrown away below.
    checked.push(shelf.module(module.step));
    const file = await shelf.moduleFile(module.step);
    await writeFile(scratchFile, Buffer.from(own.map((path) => `${path}\n`).join(''), 'latin1'));
    await runTool(['unsquashfs', '-q', '-n', '-f', '-no-wildcards', '-d', tree, '-ef', scratchFile, file]);
    await setXattrsBesideModule(
      tree,
      owned.map(([, entry]) => entry),
    );
  }
  await Promise.all(checked);
  if (left.size > 0) throw new Error(`${left.size} files are in no module`);
  const tar = startTarExtraction(tree);
  try {
    for (const path of [...lower.paths].sort(compareBytes)) {
      const entry = index.get(path);
      if (entry !== undefined && entry.type !== 'file' && entry.type !== 'hardlink') await tar.write(tarHeader(entry));
    }
    await tar.end();
  } catch (error) {
    tar.kill();
    throw error;
  }
}

import { writeFile } from 'node:fs/promises';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import type { LayerMerge } from './merge.ts';
import { type BytePath, compareBytes, textToBytes } from './path-text.ts';
import type { LayerShelf } from './shelf.ts';
import { tarHeader } from './tar-header.ts';
import { runTool } from './tool.ts';
import type { TreeIndex } from './tree-index.ts';
import { startTarExtraction } from './unpack.ts';

/**
 * The files of a tree of names: those below the folders, and with one name of a hard-linked file all its names, since
 * a file of which one name were missing would look changed.
 */
export function filesOfNames(index: TreeIndex, folders: readonly string[]): Set<BytePath> {
  const below = (path: BytePath) => folders.some((folder) => path.startsWith(`${folder}/`));
  const files = new Set<BytePath>();
  const targets = new Set<BytePath>();
  const links: { path: BytePath; target: BytePath }[] = [];
  for (const [path, entry] of index) {
    if (entry.type === 'hardlink') links.push({ path, target: textToBytes(entry.target ?? '') });
    else if (entry.type === 'file' && below(path)) files.add(path);
  }
  for (const { path, target } of links) if (below(path) || files.has(target)) targets.add(target);
  for (const target of targets) files.add(target);
  for (const { path, target } of links) if (targets.has(target)) files.add(path);
  return files;
}

/**
 * Makes a tree of names in an empty folder from layers that have modules of their own.
 * @returns the files that are there with their content
 */
export async function unpackNames(
  tree: string,
  scratchFile: string,
  shelf: LayerShelf,
  lower: { readonly merge: LayerMerge; readonly steps: readonly string[]; readonly folders: readonly string[] },
): Promise<ReadonlySet<BytePath>> {
  const { index } = lower.merge;
  const files = filesOfNames(index, lower.folders);
  const left = new Set(files);
  const checked: Promise<unknown>[] = [];
  for (const step of lower.steps.toReversed()) {
    const { entries } = await shelf.index(step);
    const own = entries
      .map((entry): [BytePath, LayerEntry] => [textToBytes(entry.path), entry])
      .filter(([path, entry]) => left.has(path) && index.get(path) === entry)
      .map(([path]) => path);
    for (const path of own) left.delete(path);
    const module = shelf.moduleOf(step);
    if (own.length === 0 || module === undefined) continue;
    // It is checked meanwhile: what comes out of a damaged one is thrown away below.
    const file = await shelf.moduleFile(module.step);
    checked.push(shelf.module(module.step));
    await writeFile(scratchFile, Buffer.from(own.map((path) => `${path}\n`).join(''), 'latin1'));
    await runTool(['unsquashfs', '-q', '-n', '-f', '-no-wildcards', '-d', tree, '-ef', scratchFile, file]);
  }
  await Promise.all(checked);
  if (left.size > 0) throw new Error(`${left.size} files are in no module`);
  const tar = startTarExtraction(tree);
  try {
    const sorted = [...index].sort(([a], [b]) => compareBytes(a, b));
    for (const [, entry] of sorted) {
      if (entry.type !== 'file' && entry.type !== 'hardlink') await tar.write(tarHeader(entry));
    }
    await tar.end();
  } catch (error) {
    tar.kill();
    throw error;
  }
  return files;
}

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Node } from '../../core/compliance/judged-tree.ts';
import { setXattr } from '../layer-trees.ts';

/** What becomes of a path: without text, link, folder or pipe it stays what it is, with another mode, owner or text. */
export type Changed =
  | string
  | (Exclude<Node, string> & { readonly pipe?: true; readonly replace?: readonly [from: string, to: string] });
/** By path, relative to the root; `null` takes away what there was. */
export type Change = Readonly<Record<string, Changed | null>>;

/**
 * Changes a tree on the disk.
 * @param aside a folder in the same file system, for what is taken away
 * @returns what makes it again as it was
 */
export function changeTree(tree: string, change: Change, aside: string): () => void {
  const undo: (() => void)[] = [];
  const undoAll = () => {
    for (const one of undo.splice(0).reverse()) one();
  };
  try {
    for (const [path, changed] of Object.entries(change)) undo.push(changePath(join(tree, path), changed, aside));
  } catch (error) {
    undoAll();
    throw error;
  }
  return undoAll;
}

function changePath(place: string, changed: Changed | null, aside: string): () => void {
  const before = lstatSync(place, { throwIfNoEntry: false });
  const made = mkdirSync(dirname(place), { recursive: true });
  const kept = join(mkdtempSync(join(aside, 'kept-')), 'it');
  if (before !== undefined) renameSync(place, kept);
  if (changed !== null) {
    const node = typeof changed === 'string' ? { text: changed } : changed;
    if (node.pipe === true) execFileSync('mkfifo', [place]);
    else if (node.replace !== undefined) {
      execFileSync('cp', ['-a', kept, place]);
      const text = readFileSync(kept, 'utf8');
      if (!text.includes(node.replace[0])) throw new Error(`${place} has no ${node.replace[0]}`);
      writeFileSync(place, text.replace(...node.replace));
    } else if (node.link !== undefined) symlinkSync(node.link, place);
    else if (node.folder === true) mkdirSync(place);
    else if (node.text !== undefined) writeFileSync(place, node.text);
    else execFileSync('cp', ['-a', kept, place]);
    const { uid, gid, xattrs = {}, mode } = node;
    const now = lstatSync(place);
    lchownSync(place, uid ?? now.uid, gid ?? now.gid);
    if (mode !== undefined && !now.isSymbolicLink()) chmodSync(place, mode);
    for (const [name, value] of Object.entries(xattrs))
      setXattr(place, name, Buffer.from(value, 'base64').toString('hex'));
  }
  return () => {
    rmSync(place, { recursive: true, force: true });
    if (before !== undefined) renameSync(kept, place);
    if (made !== undefined) rmSync(made, { recursive: true });
  };
}

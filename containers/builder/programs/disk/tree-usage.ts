import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

/** What a tree takes up in an ext4 file system of 4 KiB blocks. */
export interface TreeUsage {
  /** Inodes, hard links counted once. */
  readonly inodes: number;
  /** Blocks and inodes. */
  readonly bytes: number;
}

export const blockBytes = 4_096;
export const inodeBytes = 256;
/** A longer target does not fit the inode and takes a block. */
const longestInlineTarget = 59;

const slash = Buffer.from('/');

/**
 * Adds up a tree by the sizes of its files, holes included: how many blocks a file takes where it lies now depends on
 * that file system, and the size of a disk must not.
 * @param emptied folders below it, as they are reached from it, whose contents lie elsewhere
 */
export async function treeUsage(tree: string, emptied: ReadonlySet<string> = new Set()): Promise<TreeUsage> {
  let inodes = 0;
  let blocks = 0;
  const linked = new Set<string>();
  const folders = [Buffer.from(tree)];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    let listBytes = 0;
    const isEmptied = emptied.size > 0 && emptied.has(folder.toString());
    for (const name of isEmptied ? [] : await readdir(folder, { encoding: 'buffer' })) {
      // An entry is eight bytes and the name, in units of four.
      listBytes += 8 + Math.ceil(name.length / 4) * 4;
      const path = Buffer.concat([folder, slash, name]);
      const stat = lstatSync(path);
      if (stat.isDirectory()) {
        folders.push(path);
        continue;
      }
      if (stat.nlink > 1) {
        const id = `${stat.dev}:${stat.ino}`;
        if (linked.has(id)) continue;
        linked.add(id);
      }
      inodes += 1;
      if (stat.isFile()) blocks += Math.ceil(stat.size / blockBytes);
      else if (stat.isSymbolicLink() && stat.size > longestInlineTarget) blocks += 1;
    }
    inodes += 1;
    blocks += Math.max(1, Math.ceil(listBytes / blockBytes));
  }
  return { inodes, bytes: blocks * blockBytes + inodes * inodeBytes };
}

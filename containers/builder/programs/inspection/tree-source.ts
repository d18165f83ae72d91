import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { IndexedPath } from '../../contract.ts';

/** A path as the indexes of the layers have it. */
export type LayerEntry = IndexedPath['entry'];

/** A tree as it is inspected: what the indexes of its layers say, and the bytes of its files. */
export interface TreeSource {
  /** By path, relative to the root, in the form of an index. */
  readonly entries: ReadonlyMap<string, LayerEntry>;
  /** Where a path lies, for node:fs. */
  place(path: string): Buffer;
}

/** Opened without following a link, and without waiting for whoever writes to a pipe: the tree may be hostile. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The file that a path is: a hard link is that of its target. Undefined of what is no file. */
export function fileAt({ entries }: TreeSource, path: string): LayerEntry | undefined {
  const entry = entries.get(path);
  if (entry?.type !== 'hardlink') return entry?.type === 'file' ? entry : undefined;
  const target = entries.get(entry.target ?? '');
  return target?.type === 'file' ? target : undefined;
}

/** The bytes of a file; undefined where it is none, or larger than wanted. */
export async function readBytes(source: TreeSource, path: string, most: number): Promise<Buffer | undefined> {
  const file = fileAt(source, path);
  if (file === undefined || (file.size ?? 0) > most) return undefined;
  await using handle = await open(source.place(path), flags);
  const stat = await handle.stat();
  if (!stat.isFile() || stat.size > most) return undefined;
  return await handle.readFile();
}

/** The text of a file in UTF-8; undefined where it is none, larger than wanted, or no UTF-8. */
export async function readText(source: TreeSource, path: string, most: number): Promise<string | undefined> {
  const bytes = await readBytes(source, path, most);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    // No UTF-8: what reads it is told that it cannot be read.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Files of at most so many bytes are read in one call: a tree has thousands of them, and a stream costs more than they. */
const smallFile = 1 << 20;

/** MD5 of a file, in hexadecimal; undefined where it is none. */
export async function md5Of(source: TreeSource, path: string): Promise<string | undefined> {
  const file = fileAt(source, path);
  if (file === undefined) return undefined;
  if ((file.size ?? 0) <= smallFile) return md5OfSmall(source.place(path));
  await using handle = await open(source.place(path), flags);
  if (!(await handle.stat()).isFile()) return undefined;
  const hash = createHash('md5');
  for await (const piece of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) hash.update(piece);
  return hash.digest('hex');
}

function md5OfSmall(place: Buffer): string | undefined {
  const handle = openSync(place, flags);
  try {
    return fstatSync(handle).isFile() ? createHash('md5').update(readFileSync(handle)).digest('hex') : undefined;
  } finally {
    closeSync(handle);
  }
}

/** Does some work on each of many, a few at a time. */
export async function eachOf<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
  atOnce = 8,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { chmod, type FileHandle, link, open as openFile, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes gathered before a write. */
const writeSize = 1 << 20;

/** The time of change of every finished file: the beginning of 1970, which no write gives a file. */
const sealMilliseconds = 0;
const sealTime = sealMilliseconds / 1_000;

/** A file in the making. `finish` ends it; `discard` removes it. */
export interface BodyWriter {
  readonly id: number;
  /** Takes a chunk over: it may not be used afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * The files that hold objects' bytes: `<directory>/<id mod 256 in hex>/<id>`, read-only, never written again once
 * finished, and sealed, so that it shows where somebody does write. No name comes from a key. A file counts only once a row of the object store names it, so an unfinished
 * one needs no name of its own: `sweep` removes those without a row.
 */
export class BodyFiles {
  readonly #directory: string;
  #nextId = 1;

  constructor(directory: string) {
    this.#directory = directory;
    for (let at = 0; at < 256; at += 1) mkdirSync(join(directory, shard(at)), { recursive: true, mode: 0o700 });
  }

  pathOf(id: number): string {
    return join(this.#directory, shard(id), String(id));
  }

  /**
   * True where nobody has written to a body's file since it was finished, as far as the file system tells: its time of
   * change is the one that finishing gave it, which no write leaves as it is. A disk that forgets tells nothing.
   */
  isSealed({ id, size }: { readonly id: number; readonly size: number }): boolean {
    const stat = statSync(this.pathOf(id), { throwIfNoEntry: false });
    return stat?.mtimeMs === sealMilliseconds && stat.size === size;
  }

  /** Seals a file whose bytes were found to be the right ones. */
  async seal(id: number): Promise<void> {
    await utimes(this.pathOf(id), sealTime, sealTime);
  }

  /**
   * Makes a file on the same file system one of the store's; whoever made it must not write to it any more.
   * @throws Error where it cannot be linked
   */
  async adopt(path: string): Promise<number> {
    const id = this.#nextId;
    this.#nextId += 1;
    await link(path, this.pathOf(id));
    await chmod(this.pathOf(id), 0o444);
    await this.seal(id);
    return id;
  }

  /** Removes a file that no object is made of. */
  async remove(id: number): Promise<void> {
    await unlink(this.pathOf(id));
  }

  /** Opens a new file of mode 0444. */
  async create(): Promise<BodyWriter> {
    const id = this.#nextId;
    this.#nextId += 1;
    const path = this.pathOf(id);
    const file = await openFile(path, 'wx', 0o444);
    return bodyWriter(id, file, () => unlink(path));
  }

  /**
   * Brings files and rows together after a stop, however it came: removes files that no row names.
   * @param sizes the size of each body that a row names
   * @returns the bodies whose file is missing or not of that size (a power cut can leave such)
   */
  sweep(sizes: ReadonlyMap<number, number>): readonly number[] {
    const whole = new Set<number>();
    for (let at = 0; at < 256; at += 1) {
      for (const name of readdirSync(join(this.#directory, shard(at)))) {
        const path = join(this.#directory, shard(at), name);
        const size = sizes.get(Number(name));
        if (size === undefined) rmSync(path, { recursive: true, force: true });
        else if (statSync(path).size === size) whole.add(Number(name));
      }
    }
    this.#nextId = Math.max(0, ...sizes.keys()) + 1;
    return [...sizes.keys()].filter((id) => !whole.has(id));
  }
}

function shard(id: number): string {
  return (id % 256).toString(16).padStart(2, '0');
}

/** Writes in large pieces, one at a time, while the next is gathered. */
function bodyWriter(id: number, file: FileHandle, remove: () => Promise<void>): BodyWriter {
  let pending: Uint8Array[] = [];
  let pendingSize = 0;
  let writing: Promise<unknown> = Promise.resolve();
  let failure: unknown;
  let open = true;
  const close = async () => {
    if (open) await file.close();
    open = false;
  };
  const keep = (error: unknown) => {
    failure ??= error;
  };
  const flush = async () => {
    await writing;
    if (failure !== undefined) throw failure;
    const pieces = pending;
    pending = [];
    pendingSize = 0;
    writing = writeAll(file, pieces).catch(keep);
  };
  return {
    id,
    async write(chunk) {
      pending.push(chunk);
      pendingSize += chunk.length;
      if (pendingSize >= writeSize) await flush();
    },
    async finish() {
      await flush();
      await writing;
      await file.utimes(sealTime, sealTime);
      await close();
      if (failure !== undefined) throw failure;
    },
    async discard() {
      await writing;
      await close();
      await remove();
    },
  };
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  if (pieces.length === 0) return;
  const { bytesWritten } = await file.writev([...pieces]);
  let left = bytesWritten;
  for (const piece of pieces) {
    // A disk that fills up writes less than it was given: the rest is tried once more, and then fails by name.
    if (left < piece.length) await file.writeFile(piece.subarray(left));
    left = Math.max(0, left - piece.length);
    release(piece);
  }
}

/**
 * Frees a piece's memory now. Left to the garbage collector, the pieces of one upload pile up to some 80 MB of fresh
 * pages before it looks at them. A piece that shares its memory with others (a slice, a pooled buffer) is left alone.
 */
function release(piece: Uint8Array): void {
  const { buffer } = piece;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === piece.byteLength && !buffer.detached) buffer.transfer(0);
}

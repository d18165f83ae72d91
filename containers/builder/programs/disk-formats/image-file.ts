import { type FileHandle, open } from 'node:fs/promises';
import { isZero } from './data-blocks.ts';

/** Bytes that are gathered before they are written at once. */
const gatheredBytes = 1 << 20;
/** Pieces of a block that are left out where they are zero: what file systems keep files in, and a little more. */
const pieceBytes = 65_536;

/** A file in which each part is written to its place. What nobody writes is a hole. */
export class ImageFile {
  readonly #file: FileHandle;
  #pieces: Buffer[] = [];
  #start = 0;
  #bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Writes bytes, which must stay as they are. What follows on one another is gathered. */
  async write(bytes: Buffer, position: number): Promise<void> {
    if (position !== this.#start + this.#bytes) {
      await this.#flush();
      this.#start = position;
    }
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= gatheredBytes) await this.#flush();
  }

  /** As write, and leaves holes where the bytes are zero. Nothing may have been written there before. */
  async writeSparse(bytes: Buffer, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      if (!isZero(piece)) await this.write(piece, position + at);
    }
  }

  /** Writes what is left, and makes the file so many bytes long. */
  async end(length: number): Promise<void> {
    await this.#flush();
    await this.#file.truncate(length);
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pieces);
    for (let at = 0; at < bytes.length; ) {
      at += (await this.#file.write(bytes, at, bytes.length - at, this.#start + at)).bytesWritten;
    }
    this.#start += bytes.length;
    this.#pieces = [];
    this.#bytes = 0;
  }
}

/**
 * Makes a file.
 * @param place nothing may be there
 * @param fill writes it and answers how many bytes long it is
 */
export async function writeImageFile(place: string, fill: (file: ImageFile) => Promise<number>): Promise<void> {
  const handle = await open(place, 'wx', 0o600);
  try {
    const file = new ImageFile(handle);
    await file.end(await fill(file));
  } finally {
    await handle.close();
  }
}

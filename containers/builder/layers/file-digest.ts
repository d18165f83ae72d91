import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Sha256, sha256 } from '../../../core/digest.ts';
import { runTool } from './tool.ts';

const buffer = Buffer.allocUnsafe(1 << 20);

/**
 * SHA-256 of a regular file; a symlink is not followed. Reads without waiting in between: most files of a tree are
 * small, and a turn of the event loop for each costs more than the reading.
 */
export function digestOfFile(path: Buffer): Sha256 {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    for (;;) {
      const length = readSync(handle, buffer, 0, buffer.length, null);
      if (length === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(handle);
  }
}

export interface FileDigest {
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
}

/** How long a file that does not grow is left alone, in milliseconds. */
const pause = 3;

/**
 * Hashes a file while another process writes it from its beginning to its end, so that its digest is known when it is
 * complete. What is written again behind its back is not seen: whoever takes the file over checks the digest.
 */
export class GrowingDigest {
  readonly #reading: Promise<FileDigest | undefined>;
  #complete = false;

  constructor(path: string) {
    this.#reading = this.#read(path);
    this.#reading.catch(() => undefined);
  }

  /** Says that the file is complete. @returns undefined where there is none @throws Error where it cannot be read */
  end(): Promise<FileDigest | undefined> {
    this.#complete = true;
    return this.#reading;
  }

  async #read(path: string): Promise<FileDigest | undefined> {
    const file = await this.#open(path);
    if (file === undefined) return undefined;
    try {
      const hash = createHash('sha256');
      const piece = Buffer.allocUnsafe(1 << 20);
      for (let size = 0; ; ) {
        // Asked before the read: what is complete now ends where the read ends.
        const complete = this.#complete;
        const { bytesRead } = await file.read(piece, 0, piece.length, size);
        hash.update(piece.subarray(0, bytesRead));
        size += bytesRead;
        if (bytesRead > 0) continue;
        if (complete) return { size, sha256: hash.digest('hex') };
        await sleep(pause);
      }
    } finally {
      await file.close();
    }
  }

  async #open(path: string): Promise<FileHandle | undefined> {
    for (;;) {
      const complete = this.#complete;
      try {
        return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
        if (complete) return undefined;
        await sleep(pause);
      }
    }
  }
}

/** From this size on another process does it, on another processor: hashing here holds up all other steps. */
const largeFile = 4 << 20;

/**
 * SHA-256 and size of a file. OpenSSL uses the processor's SHA instructions: 300 MB take 0.25 s, where the coreutils of
 * Debian 12 and 13 take 1.8 s.
 */
export async function digestFile(file: string): Promise<FileDigest> {
  const { size } = await stat(file);
  if (size < largeFile) return { size, sha256: sha256(await readFile(file)) };
  const output = await runTool(['openssl', 'dgst', '-sha256', '-r', file]);
  return { size, sha256: output.toString('latin1', 0, 64) };
}

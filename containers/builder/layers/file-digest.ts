import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, openSync, readSync } from 'node:fs';
import type { Sha256 } from '../../../core/digest.ts';

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

/** SHA-256 and size of a file. */
export async function digestFile(file: string): Promise<{ size: number; sha256: Sha256 }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(piece);
    size += piece.length;
  }
  return { size, sha256: hash.digest('hex') };
}

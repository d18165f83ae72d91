import { type FileHandle, open } from 'node:fs/promises';

/** Bytes that are read at a time; every format's block divides it. */
const readBytes = 4 * 1_048_576;
const zeros = Buffer.alloc(readBytes);

/** A block of a disk that holds something. */
export interface DataBlock {
  /** From 0, in blocks. */
  readonly number: number;
  /** The last one of a disk may be shorter than the others. It may be kept. */
  readonly bytes: Buffer;
}

/** Whether all of some bytes, at most 4 MiB, are zero. */
export function isZero(bytes: Buffer): boolean {
  return bytes.equals(zeros.subarray(0, bytes.length));
}

/**
 * The blocks of a disk that hold anything but zeros, in order. Holes are read as the zeros that they are: that takes a
 * fifth of a second for each GiB, and Node has no call that says where they lie.
 * @param blockBytes a power of two, at most 4 MiB
 */
export async function* dataBlocks(disk: string, blockBytes: number, signal: AbortSignal): AsyncGenerator<DataBlock> {
  const file = await open(disk, 'r');
  try {
    const { size } = await file.stat();
    let buffer = Buffer.allocUnsafeSlow(readBytes);
    for (let start = 0; start < size; start += readBytes) {
      signal.throwIfAborted();
      const bytes = buffer.subarray(0, Math.min(readBytes, size - start));
      await readWhole(file, bytes, start);
      if (isZero(bytes)) continue;
      for (let at = 0; at < bytes.length; at += blockBytes) {
        const block = bytes.subarray(at, at + blockBytes);
        if (!isZero(block)) yield { number: (start + at) / blockBytes, bytes: block };
      }
      // Whoever got a block of this one may still hold it.
      buffer = Buffer.allocUnsafeSlow(readBytes);
    }
  } finally {
    await file.close();
  }
}

async function readWhole(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, position + at);
    if (bytesRead === 0) throw new Error('the disk became shorter while it was read');
    at += bytesRead;
  }
}

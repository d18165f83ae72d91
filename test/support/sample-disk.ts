import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const kib = 1_024;
const mib = 1_048_576;

/** Bytes that no compression makes shorter, the same each time. */
function noise(seed: number, size: number): Buffer {
  return createHash('shake256', { outputLength: size }).update(String(seed)).digest();
}

/**
 * Writes a sparse disk that is at the edges of blocks: data at the beginning, at the end, over block borders, single
 * bytes, and what can and what cannot be compressed in turns.
 */
export function writeSampleDisk(file: string, sizeMiB: number): void {
  const disk = openSync(file, 'w');
  const put = (bytes: Buffer, offset: number) => writeSync(disk, bytes, 0, bytes.length, offset);
  ftruncateSync(disk, sizeMiB * mib);
  put(Buffer.from('first'), 0);
  for (let cluster = 0; cluster < 60; cluster += 1) {
    const offset = mib + cluster * 64 * kib;
    put(cluster % 3 === 2 ? noise(cluster, 64 * kib) : Buffer.alloc(64 * kib, `text of ${cluster}\n`), offset);
  }
  for (let cluster = 0; cluster < 40; cluster += 1)
    put(noise(cluster, 40 * kib), 8 * mib + cluster * 64 * kib + 30 * kib);
  // A byte in a block of its own, in a grain table of its own, at the very end.
  put(Buffer.from([1]), 21 * mib + 12_345);
  put(Buffer.from([2]), (sizeMiB - 2) * mib - 1);
  put(Buffer.from('last'), sizeMiB * mib - 4);
  closeSync(disk);
}

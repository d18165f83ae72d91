import { zstdDecompressSync } from 'node:zlib';
import { StepError } from '../../step-error.ts';

/** An initial RAM file system of a distribution is a few hundred MiB unpacked; more is no such thing. */
const largest = 1 << 30;
const zstdMagic = 0xfd2fb528;
const headerLength = 110;

/**
 * The paths in an initial RAM file system: cpio archives in the new ASCII format
 * (cpio(5), `070701`), the last of them compressed by zstd.
 * @throws StepError where it is made otherwise
 */
export function initramfsPaths(image: Buffer): Set<string> {
  const paths = new Set<string>();
  let at = readArchives(image, paths);
  while (at < image.length && image[at] === 0) at += 1;
  if (at >= image.length) return paths;
  if (image.length - at < 4 || image.readUInt32LE(at) !== zstdMagic) {
    throw new StepError(
      'step.failed',
      'The initial RAM file system is not compressed by zstd: install the package zstd.',
    );
  }
  readArchives(zstdDecompressSync(image.subarray(at), { maxOutputLength: largest }), paths);
  return paths;
}

/** Reads cpio archives from the start; answers where the first byte stands that belongs to none. */
function readArchives(bytes: Buffer, paths: Set<string>): number {
  let at = 0;
  while (at + headerLength <= bytes.length) {
    if (bytes[at] === 0) {
      at += 4;
      continue;
    }
    if (bytes.toString('latin1', at, at + 6) !== '070701') return at;
    const field = (number: number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + number * 8, at + 14 + number * 8), 16);
    const size = field(6);
    const nameLength = field(11);
    const nameAt = at + headerLength;
    const path = bytes.toString('utf8', nameAt, nameAt + nameLength - 1);
    paths.add(path);
    at = aligned(aligned(nameAt + nameLength) + size);
  }
  return at;
}

function aligned(at: number): number {
  return (at + 3) & ~3;
}

import { z } from 'zod';
import { type Sha256, startSha256 } from '../digest.ts';

/**
 * Bytes of the longest object that is taken: 50 GiB, a disk image of the largest size (core/spec/limits.ts). S3 itself
 * takes objects of 5 TiB and more.
 */
export const largestObject = 50 * 1024 ** 3;

/**
 * Bytes from which on an output goes up in parts. S3 takes one PUT of up to 5 GiB, but one that breaks off begins anew,
 * which beyond a gigabyte costs more than parts do.
 */
export const partsThreshold = 1024 ** 3;

/** Bytes of each part but the last: 800 make the longest object. S3 takes 10,000 parts of 5 MiB to 5 GiB. */
export const partBytes = 64 * 1024 ** 2;

/** Parts of one object at most: their digests, 67 bytes each in JSON, fit a request and a receipt (256 KiB both). */
export const mostParts = 1_000;

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What an object in parts was made of. */
export const partDigestsSchema = z.strictObject({
  size: z.number().int().min(1).describe('Bytes of each part but the last.'),
  sha256: z.array(digest).min(1).max(mostParts).describe('Of each part, in order.'),
});
export type PartDigests = z.infer<typeof partDigestsSchema>;

/** How many parts of so many bytes an object has. */
export function partCount(objectSize: number, partSize: number): number {
  return Math.ceil(objectSize / partSize);
}

/** Where a part lies in its object, its end exclusive; `number` begins with 1, as S3 counts. */
export function partRange(objectSize: number, partSize: number, number: number): { start: number; end: number } {
  const start = (number - 1) * partSize;
  return { start, end: Math.min(objectSize, start + partSize) };
}

/** SHA-256 of the parts' SHA-256s one after the other, in their binary form: what a store tells of such an object. */
export function compositeDigest(parts: readonly Sha256[]): Sha256 {
  const hash = startSha256();
  for (const part of parts) hash.update(Buffer.from(part, 'hex'));
  return hash.digest();
}

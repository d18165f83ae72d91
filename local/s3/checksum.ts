import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { notImplemented, S3Error } from './s3-error.ts';
import type { XmlNode } from './xml.ts';

/** The checksum algorithms of S3 that this server computes. */
export const checksumAlgorithms = ['sha256', 'sha1', 'crc32'] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** A checksum as S3 keeps it: base64, of the whole object or, COMPOSITE, of its parts' checksums with their count. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** Digest in the making; `digest` ends it. */
export interface RunningDigest {
  update(chunk: Uint8Array): void;
  digest(): Buffer;
}

/** Starts a digest: of 32 (sha256), 20 (sha1), 16 (md5) or 4 bytes (crc32, big-endian as S3 writes it). */
export function startDigest(algorithm: ChecksumAlgorithm | 'md5'): RunningDigest {
  if (algorithm !== 'crc32') {
    const hash = createHash(algorithm);
    return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
  }
  let sum = 0;
  return {
    update: (chunk) => {
      sum = crc32(chunk, sum);
    },
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(sum);
      return bytes;
    },
  };
}

const digestSizes: Readonly<Record<ChecksumAlgorithm | 'md5', number>> = { sha256: 32, sha1: 20, crc32: 4, md5: 16 };

/**
 * Reads a base64 digest of a header or trailer.
 * @throws S3Error InvalidRequest (InvalidDigest for Content-MD5) where it is not one of that algorithm
 */
export function readDigest(algorithm: ChecksumAlgorithm | 'md5', value: string): Buffer {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== digestSizes[algorithm] || bytes.toString('base64') !== value) {
    throw algorithm === 'md5'
      ? new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.')
      : new S3Error('InvalidRequest', `Value for x-amz-checksum-${algorithm} header is invalid.`);
  }
  return bytes;
}

/**
 * Reads the name of an algorithm as headers give it (`SHA256`).
 * @throws S3Error NotImplemented for those that this server does not compute
 */
export function readAlgorithm(name: string): ChecksumAlgorithm {
  const algorithm = checksumAlgorithms.find((known) => known === name.toLowerCase());
  if (algorithm === undefined) throw notImplemented(`Checksum algorithm ${name}`);
  return algorithm;
}

/** The checksum that a request declares for its body in a header; undefined where it declares none. */
export function declaredChecksum(
  options: ReadonlyMap<string, string>,
): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const declared = checksumAlgorithms.flatMap((algorithm) => {
    const value = options.get(`x-amz-checksum-${algorithm}`);
    return value === undefined ? [] : [{ algorithm, value }];
  });
  if (declared.length > 1) {
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  return declared[0];
}

/** Headers that tell of an object's checksum. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** Elements that tell of an object's checksum in an answer. */
export function checksumNode(checksum: Checksum | undefined): XmlNode[] {
  if (checksum === undefined) return [];
  return [
    [`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value],
    ['ChecksumType', checksum.type],
  ];
}

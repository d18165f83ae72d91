import type { Sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { BlobPlace } from '../ports/blobs.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import type { AttemptRecord } from './build-record.ts';
import { keptPackagesKey } from './keys.ts';

/** Digests in one question: their signed requests are some 300 KB then, and Lambda answers at most 6 MB. */
export const packageQuestionLimit = 200;

/**
 * Bytes that one attempt may add to the cache, where a file counts as 4 MiB at least: so 4,096 files at most. A desktop
 * with an office suite has 2,000 packages of 2 GB.
 */
export const keptBytesLimit = 16 * 1024 ** 3;
const leastCounted = 4 * 1024 ** 2;
/** The largest file that is kept: S3's longest single PUT is 5 GiB, and no package of a distribution is near it. */
export const keptFileLimit = 2_000_000_000;

/** Place of a file of the archive: its name is the digest of its bytes, which the store itself verifies. */
export const packagePlace = (sha256: Sha256): BlobPlace => ({ bucket: 'work', path: `packages/${sha256}` });

/**
 * Counts a file that an attempt wants to keep.
 * @throws EngineError exchange.refused where the attempt runs a tenant's code or has kept as much as it may
 */
export async function countKeptPackage(
  table: Table,
  buildId: string,
  attempt: AttemptRecord,
  size: number,
): Promise<void> {
  if (attempt.trust !== 'service') {
    throw new EngineError('exchange.refused', 'Only stages that run no code of a tenant add to the package cache.');
  }
  const kept = {
    kind: 'increment' as const,
    key: keptPackagesKey(buildId, attempt.stage, attempt.attempt),
    ...{ counter: 'bytes', by: Math.max(size, leastCounted), max: keptBytesLimit },
  };
  try {
    await table.transact([kept]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw new EngineError('exchange.refused', `An attempt adds at most ${keptBytesLimit} bytes to the package cache.`);
  }
}

import { type ResultRecord, resultRecordSchema } from '../builds/build-record.ts';
import { allResultsPartition, cacheIndex, shardCount } from '../builds/keys.ts';
import { blobsOf, type StandingBlob } from '../builds/sound-blobs.ts';
import type { Table, TableKey, TablePage, TableRecord } from '../ports/table.ts';

/** What a result is kept as. */
export const cacheKinds = ['layer', 'module', 'artifact'] as const;
export type CacheKind = (typeof cacheKinds)[number];

/** A result as it stands in the table. */
export interface StoredResult {
  readonly scope: string;
  readonly result: ResultRecord;
  readonly place: TableKey;
  readonly version: number;
}

/** Results that a page of a walk holds: a result has about 1 KB, and DynamoDB reads 1 MB at a time. */
const walkPage = 500;

const partitionPrefix = 'RESULT#';

/** Whether a record is a result, and not a tenant's use of a shared one, with which it shares an index. */
export function isResult(record: TableRecord): boolean {
  return record.key.partition.startsWith(partitionPrefix);
}

export function readResult(record: TableRecord): StoredResult {
  const result = resultRecordSchema.parse(record.data);
  const scope = record.key.partition.slice(partitionPrefix.length, -`#${result.key}`.length);
  return { scope, result, place: record.key, version: record.version };
}

/** Every result of the installation, shard by shard. What is written meanwhile may be among them or not. */
export async function* walkResults(table: Table): AsyncGenerator<StoredResult> {
  for (let shard = 0; shard < shardCount; shard += 1) {
    let cursor: string | undefined;
    do {
      const page: TablePage = await table.query({
        ...{ index: 'byState', partition: allResultsPartition(shard), limit: walkPage },
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield* page.records.map(readResult);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}

/** A page of what an owner (a tenant, or the shared pool) has in the cache, the last used first. */
export function cachePage(table: Table, owner: string, page: { limit: number; cursor?: string }): Promise<TablePage> {
  return table.query({
    index: 'byTenant',
    partition: cacheIndex(owner, '', '').partition,
    descending: true,
    ...page,
  });
}

export function kindOf(result: ResultRecord): CacheKind {
  // What a test or an inspection showed is a tenant's as an artifact is.
  if ([result.artifact, result.test, result.inspection].some((file) => file !== undefined)) return 'artifact';
  return result.module === undefined ? 'layer' : 'module';
}

/** The blobs of a result that lie in the work bucket. An artifact is a tenant's product, and no part of the cache. */
export function cachedBlobs({ scope, result }: Pick<StoredResult, 'scope' | 'result'>): StandingBlob[] {
  return blobsOf(result, scope, scope).filter(({ place }) => place.bucket === 'work');
}

/** All bytes that a result stands on. */
export function bytesOf({ scope, result }: Pick<StoredResult, 'scope' | 'result'>): number {
  return blobsOf(result, scope, scope).reduce((sum, { size }) => sum + size, 0);
}

import { sha256 } from '../digest.ts';
import type { TableKey } from '../ports/table.ts';

/**
 * Shards of an index partition that every build passes through. DynamoDB serves 1,000 writes a second a partition and
 * a throttled index holds back its table, so states and the outbox are spread over eight.
 */
export const shardCount = 8;

/** The shard of an id, 0 to 7: stable, evenly spread. */
export function shardOf(id: string): number {
  return Number.parseInt(sha256(id).slice(0, 8), 16) % shardCount;
}

export const buildKey = (buildId: string): TableKey => ({ partition: `BUILD#${buildId}`, sort: 'BUILD' });
/** The spec is kept apart from its build: it may have 256 KB, and status reads need none of it. */
export const specKey = (buildId: string): TableKey => ({ partition: `SPEC#${buildId}`, sort: 'SPEC' });
export const stageKey = (buildId: string, stageId: string): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `STAGE#${stageId}`,
});
export const edgeKey = (buildId: string, from: string, to: string): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `EDGE#${from}#${to}`,
});
export const stepKey = (buildId: string, stepId: string): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `STEP#${stepId}`,
});
export const artifactKey = (buildId: string, name: string): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `ARTIFACT#${name}`,
});
export const testKey = (buildId: string, stepId: string): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `TEST#${stepId}`,
});
/** The files of evidence of a build, all in one record. */
export const evidenceKey = (buildId: string): TableKey => ({ partition: `BUILD#${buildId}`, sort: 'EVIDENCE' });
/** Which lock is a build's. */
export const buildLockKey = (buildId: string): TableKey => ({ partition: `BUILD#${buildId}`, sort: 'LOCK' });
/** That the engine made a lock itself, whoever has it. */
export const recordedLockKey = (digest: string): TableKey => ({ partition: `LOCK#${digest}`, sort: 'LOCK' });
/** That it made it of a build of this tenant's. */
export const ownLockKey = (digest: string, tenantId: string): TableKey => ({
  partition: `LOCK#${digest}`,
  sort: `TENANT#${tenantId}`,
});
/** Attempts sort by number up to 999; a stage ends long before. */
export const attemptKey = (buildId: string, stageId: string, attempt: number): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `ATTEMPT#${stageId}#${String(attempt).padStart(3, '0')}`,
});
/** Index byState: attempts that have not ended, as far as anybody has seen. */
export const liveAttemptsPartition = (shard: number): string => `LIVEATTEMPTS#${shard}`;
export const liveAttemptsIndex = (buildId: string, stageId: string, attempt: number): TableKey => ({
  partition: liveAttemptsPartition(shardOf(buildId)),
  sort: `${buildId}#${attemptKey(buildId, stageId, attempt).sort}`,
});
export const progressKey = (buildId: string, stageId: string, attempt: number): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `PROGRESS#${stageId}#${attempt}`,
});
/** What a verification of a build found, by the build that made everything again. */
export const verificationKey = (buildId: string, verificationId: string): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `VERIFICATION#${verificationId}`,
});
/** A scan of what a build has made; ids sort by their time. */
export const scanKey = (buildId: string, kind: string, scanId: string): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `SCAN#${kind}#${scanId}`,
});
/** Counts what an attempt has added to the package cache. */
export const keptPackagesKey = (buildId: string, stageId: string, attempt: number): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `KEPT#${stageId}#${attempt}`,
});
/** The last state of the archive that a plan was made for. */
export const archiveStateKey = (release: string, architecture: string): TableKey => ({
  partition: `ARCHIVE#${release}#${architecture}`,
  sort: 'ARCHIVE',
});
/** Pointer from a step's key to what it made. `scope` is `shared` or a tenant's id: nobody reads another's. */
export const resultKey = (scope: string, key: string): TableKey => ({
  partition: `RESULT#${scope}#${key}`,
  sort: 'RESULT',
});
/** What a tenant's builds took from the shared pool, each key once. */
export const sharedUseKey = (tenantId: string, key: string): TableKey => ({
  partition: `SHAREDUSE#${tenantId}#${key}`,
  sort: 'USE',
});
/** Hits and misses of a tenant's builds of one day, `2026-11-26`. */
export const cacheDayKey = (tenantId: string, day: string): TableKey => ({
  partition: `CACHEDAY#${tenantId}`,
  sort: day,
});
/** That a build's hits and misses are counted. */
export const cacheCountedKey = (buildId: string): TableKey => ({ partition: `BUILD#${buildId}`, sort: 'CACHECOUNTED' });
/** A blob that no result points to. */
export const orphanKey = (scope: string, digest: string): TableKey => ({
  partition: `ORPHAN#${scope}#${digest}`,
  sort: 'ORPHAN',
});
/** How far the look for blobs without a result has come, and how much the cache holds. */
export const cacheTickKey: TableKey = { partition: 'CACHETICK', sort: 'CACHETICK' };
/** What a preset was last warmed for. */
export const warmedKey = (preset: string): TableKey => ({ partition: `WARMED#${preset}`, sort: 'WARMED' });
/** A file that a tenant uploads, by its digest: nobody sees another tenant's. */
export const uploadKey = (tenantId: string, digest: string): TableKey => ({
  partition: `UPLOAD#${tenantId}#${digest}`,
  sort: 'UPLOAD',
});
/** Counts the bytes of a tenant's uploads. */
export const uploadUseKey = (tenantId: string): TableKey => ({ partition: `UPLOADUSE#${tenantId}`, sort: 'USE' });
/** A secret of a tenant's, beside the record of all of them: nobody sees another tenant's. */
export const secretKey = (tenantId: string, name: string): TableKey => ({
  partition: `SECRETS#${tenantId}`,
  sort: `${tenantSecretsPrefix}${name}`,
});
export const tenantSecretsPrefix = 'SECRET#';
/** How many secrets a tenant has, and the last version that one of them was given. */
export const secretBookKey = (tenantId: string): TableKey => ({ partition: `SECRETS#${tenantId}`, sort: 'BOOK' });
export const outboxKey = (eventId: string): TableKey => ({ partition: `OUTBOX#${shardOf(eventId)}`, sort: eventId });

/** Index byTenant: a tenant's builds in the order of their ids, which is the order of submission. */
export const tenantBuildsIndex = (tenantId: string, buildId: string): TableKey => ({
  partition: `BUILDS#${tenantId}`,
  sort: buildId,
});
/** What stands for the state of a build that shares another's work: nobody queues, starts or counts it. */
export const sharingState = 'sharing';
/** Index byState: builds that are not over, by state and shard. */
export const stateIndex = (state: string, buildId: string): TableKey => ({
  partition: `STATE#${state}#${shardOf(buildId)}`,
  sort: buildId,
});
/** Index byTenant: what a tenant has in the cache, by its last use: its own results, and its uses of shared ones. */
export const cacheIndex = (owner: string, lastUsedAt: string, key: string): TableKey => ({
  partition: `CACHE#${owner}`,
  sort: `${lastUsedAt}#${key}`,
});
/** Partition of byState that holds a share of all results. */
export const allResultsPartition = (shard: number): string => `RESULTS#${shard}`;
/** Index byState: every result of the installation. */
export const allResultsIndex = (scope: string, key: string): TableKey => ({
  partition: allResultsPartition(shardOf(key)),
  sort: `${key}#${scope}`,
});
/** Index byState: blobs without a result, the longest known first. */
export const orphansIndex = (since: string, digest: string): TableKey => ({
  partition: 'ORPHANS',
  sort: `${since}#${digest}`,
});
/** Index byTenant: a tenant's uploads in the order in which they were declared. */
export const tenantUploadsIndex = (tenantId: string, createdAt: string, digest: string): TableKey => ({
  partition: `UPLOADS#${tenantId}`,
  sort: `${createdAt}#${digest}`,
});
/** Index byState: every upload, the one that expires next first. */
export const uploadExpiryIndex = (expiresAt: string, tenantId: string, digest: string): TableKey => ({
  partition: 'UPLOADS',
  sort: `${expiresAt}#${tenantId}#${digest}`,
});

import { shardCount, shardOf } from '../builds/keys.ts';
import type { TableKey } from '../ports/table.ts';

/** What is stored of a build's artifacts, beside the build. */
export const imagePlace = (buildId: string): TableKey => ({ partition: `BUILD#${buildId}`, sort: 'IMAGE' });

/** Index byTenant: images that are kept, by the end of their builds. */
export const keptImages = (tenantId: string, endedAt: string, buildId: string): TableKey => ({
  partition: `IMAGES#${tenantId}`,
  sort: `${endedAt}#${buildId}`,
});
/** Index byTenant: the tenant's trash, what goes next first. */
export const trashOfTenant = (tenantId: string, purgeAt: string, buildId: string): TableKey => ({
  partition: `TRASH#${tenantId}`,
  sort: `${purgeAt}#${buildId}`,
});
/** Index byTenant: what of the tenant's trash is about to be purged, and is in its trash no more. */
export const purgingOfTenant = (tenantId: string, purgeAt: string, buildId: string): TableKey => ({
  partition: `PURGING#${tenantId}`,
  sort: `${purgeAt}#${buildId}`,
});
/** Index byState: all trash, what goes next first. */
export const allTrash = (purgeAt: string, buildId: string): TableKey => ({
  partition: trashPartition(shardOf(buildId)),
  sort: `${purgeAt}#${buildId}`,
});
const trashPartition = (shard: number): string => `TRASHED#${shard}`;
export const trashPartitions: readonly string[] = Array.from({ length: shardCount }, (_, at) => trashPartition(at));

/** Counts up with each reference that is made to a build: who removes what it made writes only where it stands still. */
export const guardPlace = (buildId: string): TableKey => ({ partition: `BUILD#${buildId}`, sort: 'GUARD' });
export const referencesCounter = 'references';

/** What names a build, and protects what that made. */
export const referencePlace = (buildId: string, kind: string, id: string): TableKey => ({
  partition: `REFERENCES#${buildId}`,
  sort: `${kind}#${id}`,
});

/** That a build shares the work of another: it stays when the sharer has ended, whose artifacts those of the work are. */
export const sharedPlace = (workId: string, buildId: string): TableKey => ({
  partition: `SHARERS#${workId}`,
  sort: `${sharedPrefix}${buildId}`,
});
export const sharedPrefix = 'SHARED#';

export const holdPlace = (tenantId: string, holdId: string): TableKey => ({
  partition: `HOLDS#${tenantId}`,
  sort: holdId,
});

const contentPartition = (tenantId: string, digest: string): string => `CONTENT#${tenantId}#${digest}`;
/** Counts up with each use of bytes of the artifacts' store. It stays for good, so that its version never comes again. */
export const contentPlace = (tenantId: string, digest: string): TableKey => ({
  partition: contentPartition(tenantId, digest),
  sort: 'HEAD',
});
export const contentUsePrefix = 'USE#';
export const contentUsePlace = (tenantId: string, digest: string, kind: string, workId: string): TableKey => ({
  partition: contentPartition(tenantId, digest),
  sort: `${contentUsePrefix}${kind}#${workId}`,
});
/** There while the bytes are being deleted: nobody begins to use them meanwhile. */
export const contentRemovalPlace = (tenantId: string, digest: string): TableKey => ({
  partition: contentPartition(tenantId, digest),
  sort: 'REMOVAL',
});

/** Index byState: removals of bytes that are under way, or were cut short. */
export const contentRemovals = (at: string, tenantId: string, digest: string): TableKey => ({
  partition: 'CONTENTREMOVALS',
  sort: `${at}#${tenantId}#${digest}`,
});

/** Counts up with each version of a template that names a lock. */
export const lockPinsPlace = (tenantId: string, lock: string): TableKey => ({
  partition: `LOCKPINS#${tenantId}#${lock}`,
  sort: 'HEAD',
});
export const lockPinPrefix = 'PIN#';
export const lockPinPlace = (tenantId: string, lock: string, templateId: string): TableKey => ({
  partition: `LOCKPINS#${tenantId}#${lock}`,
  sort: `${lockPinPrefix}${templateId}`,
});

/** A tenant's policies of retention, and beside them how many there are. */
export const retentionBookPlace = (tenantId: string): TableKey => ({
  partition: `RETENTION#${tenantId}`,
  sort: 'BOOK',
});
export const retentionPolicyPrefix = 'POLICY#';
export const retentionPolicyPlace = (tenantId: string, name: string): TableKey => ({
  partition: `RETENTION#${tenantId}`,
  sort: `${retentionPolicyPrefix}${name}`,
});
/** That all builds of a tenant are known to have their image and the uses of their bytes written down. */
export const indexedPlace = (tenantId: string): TableKey => ({ partition: `RETENTION#${tenantId}`, sort: 'INDEXED' });

/** A run of the cleanup: of a tenant, or of the installation where `owner` is that. */
export const cleanupPlace = (owner: string, runId: string): TableKey => ({
  partition: `CLEANUPS#${owner}`,
  sort: runId,
});
/** The cleanup that was asked for last: while it is under way nobody asks for another. */
export const askedCleanupPlace = (owner: string): TableKey => ({ partition: 'CLEANUPASKED', sort: owner });
export const installationOwner = 'installation';
/** A part of what a run found. */
export const cleanupPagePlace = (runId: string, page: number): TableKey => ({
  partition: `CLEANUP#${runId}`,
  sort: String(page).padStart(6, '0'),
});
/** How far a kind of cleanup has come. */
export const cleanupPositionPlace = (task: string): TableKey => ({ partition: 'CLEANUPPOSITION', sort: task });

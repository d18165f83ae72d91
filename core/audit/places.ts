import { shardOf } from '../builds/keys.ts';
import type { BlobPlace } from '../ports/blobs.ts';
import type { TableKey } from '../ports/table.ts';

/** Begin of the partitions of entries that no seal covers yet: who may only add to a log may write here alone. */
export const pendingPrefix = 'AUDITPENDING#';

/** An entry that no seal covers yet; in the order of the ids. */
export const pendingPlace = (tenantId: string, entryId: string): TableKey => ({
  partition: `${pendingPrefix}${tenantId}`,
  sort: entryId,
});

/** Index byState: what waits for the sealer, spread over shards by tenant. */
export const pendingState = (tenantId: string, entryId: string): TableKey => ({
  partition: `AUDITPENDING#${shardOf(tenantId)}`,
  sort: `${tenantId}#${entryId}`,
});
/** Index byState too: a chain whose head is not anchored yet. */
export const unanchoredState = (tenantId: string): TableKey => pendingState(tenantId, 'HEAD');
/** Whose record an entry of that index is. */
export const tenantOfState = (sort: string): string => sort.slice(0, sort.indexOf('#'));
export const pendingShard = (shard: number): string => `AUDITPENDING#${shard}`;

const digits = 12;

/** A sealed entry; by its number, the first of which is 1. */
export const sealedPlace = (tenantId: string, sequence: number): TableKey => ({
  partition: `AUDIT#${tenantId}`,
  sort: `SEALED#${String(sequence).padStart(digits, '0')}`,
});
export const sealedPrefix = 'SEALED#';

/** The last link of a tenant's chain. */
export const headPlace = (tenantId: string): TableKey => ({ partition: `AUDIT#${tenantId}`, sort: 'HEAD' });

/** The signed head of an hour, outside the table: `audit/<tenant>/2026-11-26T23.json`. */
export const anchorPlace = (tenantId: string, at: Date): BlobPlace => ({
  bucket: 'work',
  path: `${anchorsOf(tenantId)}${at.toISOString().slice(0, 13)}.json`,
});
/** Where the anchors of a tenant's chain lie, in the order of their hours. */
export const anchorsOf = (tenantId: string): string => `${anchorsPrefix}${tenantId}/`;
export const anchorsPrefix = 'audit/';

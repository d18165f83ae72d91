import { shardCount, shardOf } from '../builds/keys.ts';
import type { TableKey } from '../ports/table.ts';

/** Whose use is counted: a tenant's, or beside it that of a team of it. */
export type Owner = string;

/** Those whose quotas a build uses: its tenant's, and its team's within that. */
export function ownersOf(build: { readonly tenantId: string; readonly teamId?: string | undefined }): Owner[] {
  return [build.tenantId, ...(build.teamId === undefined ? [] : [ownerOfTeam(build.tenantId, build.teamId)])];
}

export const ownerOfTeam = (tenantId: string, teamId: string): Owner => `${tenantId}/${teamId}`;

const partition = (owner: Owner): string => `QUOTA#${owner}`;

/** Setting and counters of an owner stand together, so that one query reads them. */
export const headPrefix = 'HEAD#';
export const settingPlace = (owner: Owner): TableKey => ({ partition: partition(owner), sort: 'HEAD#SETTING' });

const countPrefix = 'HEAD#COUNT#';

/** How much is used of a quota in a period: the record's counter `used`. */
export const countPlace = (owner: Owner, quota: string, period: string): TableKey => ({
  partition: partition(owner),
  sort: `${countPrefix}${quota}#${period}`,
});

/** Quota and period of a counter's record; undefined for another record. */
export function countOf({ sort }: TableKey): { readonly quota: string; readonly period: string } | undefined {
  if (!sort.startsWith(countPrefix)) return undefined;
  const [quota = '', period = ''] = sort.slice(countPrefix.length).split('#');
  return { quota, period };
}

const warnedPrefix = 'HEAD#WARNED#';

export const warnedName = (quota: string, period: string): string => `${quota}#${period}`;

/** That an owner was warned of a quota in a period. */
export const warnedPlace = (owner: Owner, quota: string, period: string): TableKey => ({
  partition: partition(owner),
  sort: `${warnedPrefix}${warnedName(quota, period)}`,
});

/** Quota and period of a warning's record; undefined for another record. */
export const warningOf = ({ sort }: TableKey): string | undefined =>
  sort.startsWith(warnedPrefix) ? sort.slice(warnedPrefix.length) : undefined;

export const leasePrefix = 'LEASE#';
export const leasePlace = (owner: Owner, buildId: string): TableKey => ({
  partition: partition(owner),
  sort: `${leasePrefix}${buildId}`,
});

/** Index byState: leases of builds that have not ended as far as their leases know, the oldest build first. */
export const openLeases = (owner: Owner, buildId: string): TableKey => ({
  partition: openPartition(shardOf(buildId)),
  sort: `${buildId}#${owner}`,
});
export const openPartition = (shard: number): string => `QUOTALEASES#${shard}`;
export const openPartitions: readonly string[] = Array.from({ length: shardCount }, (_, shard) => openPartition(shard));

/** How far the sweeper has come in the list of tenants. */
export const sweepPlace: TableKey = { partition: 'QUOTASWEEP', sort: 'QUOTASWEEP' };

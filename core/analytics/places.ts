import { shardOf } from '../builds/keys.ts';
import type { TableKey } from '../ports/table.ts';
import type { Dimension } from './rollup.ts';

/** That a build's facts were taken, so that a second telling of its end takes none. */
export const takenPlace = (buildId: string): TableKey => ({ partition: `BUILD#${buildId}`, sort: 'ANALYTICS' });

/** Facts that no rollup holds yet, spread over shards. */
export const pendingPlace = (buildId: string): TableKey => ({
  partition: pendingShard(shardOf(buildId)),
  sort: buildId,
});
export const pendingShard = (shard: number): string => `ANALYTICSPENDING#${shard}`;

/** Builds that have ended while a builder of theirs had not yet, spread over shards. */
export const latePlace = (buildId: string): TableKey => ({ partition: lateShard(shardOf(buildId)), sort: buildId });
export const lateShard = (shard: number): string => `ANALYTICSLATE#${shard}`;

/** The builds of one day of a tenant, all of them or those of a group: `template#tpl_1`, in the order of days. */
export const rollupPlace = (tenantId: string, day: string, group?: readonly [Dimension, string]): TableKey => ({
  partition: `ANALYTICS#${tenantId}#${group === undefined ? 'all' : group[0]}`,
  sort: group === undefined ? day : `${day}#${group[1]}`,
});

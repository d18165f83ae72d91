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

/** The builds of one day of a tenant, all of them or those of a group: `template#tpl_1`, in the order of days. */
export const rollupPlace = (tenantId: string, day: string, group?: readonly [Dimension, string]): TableKey => ({
  partition: `ANALYTICS#${tenantId}#${group === undefined ? 'all' : group[0]}`,
  sort: group === undefined ? day : `${day}#${group[1]}`,
});

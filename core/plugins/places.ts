import { shardCount, shardOf } from '../builds/keys.ts';
import type { TableKey } from '../ports/table.ts';

/** Where plugins stand in the table: all of a tenant's in one partition, their versions apart, which are large. */
export const pluginsPartition = (tenantId: string): string => `PLUGINS#${tenantId}`;

/** Which plugins are enabled, and how: all that a build must know of them but their code. */
export const pluginBookPlace = (tenantId: string): TableKey => ({
  partition: pluginsPartition(tenantId),
  sort: 'BOOK',
});

export const pluginHeadPrefix = 'PLUGIN#';
export const pluginHeadPlace = (tenantId: string, name: string): TableKey => ({
  partition: pluginsPartition(tenantId),
  sort: `${pluginHeadPrefix}${name}`,
});

export const pluginVersionPlace = (tenantId: string, name: string, version: number): TableKey => ({
  partition: `PLUGINVERSIONS#${tenantId}#${name}`,
  sort: String(version).padStart(6, '0'),
});

export const pluginRunPrefix = 'PLUGINRUN#';

/**
 * Runs of plugins with their build, in the order of its life.
 * @param part of what is asked once: `1` at its submission, `2` when it is planned, `3#ID` of a hearing
 */
export const pluginRunPlace = (buildId: string, part: string, index: number): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `${pluginRunPrefix}${part}#${String(index).padStart(3, '0')}`,
});

/** Index byState: tenants that have ever had a plugin. */
export const anyPluginBook = (tenantId: string): TableKey => ({
  partition: pluginBooksPartition(shardOf(tenantId)),
  sort: tenantId,
});
const pluginBooksPartition = (shard: number): string => `PLUGINBOOKS#${shard}`;
export const pluginBooksPartitions: readonly string[] = Array.from({ length: shardCount }, (_, shard) =>
  pluginBooksPartition(shard),
);

/** What a plugin is told, in the order of the events. */
export const hearingPlace = (tenantId: string, name: string, id: string): TableKey => ({
  partition: `PLUGINHEARINGS#${tenantId}#${name}`,
  sort: id,
});

/** Index byTenant: the same by how they stand. */
export const hearingsOfState = (tenantId: string, name: string, state: string, id: string): TableKey => ({
  partition: `PLUGINHEARINGS#${tenantId}#${name}#${state}`,
  sort: id,
});

/** Index byState: what a tenant's plugins are still to be told, what is due first. */
export const dueHearing = (tenantId: string, dueAt: string, id: string): TableKey => ({
  partition: dueHearingsPartition(tenantId),
  sort: `${dueAt}#${id}`,
});
export const dueHearingsPartition = (tenantId: string): string => `PLUGINDUE#${tenantId}`;

/** Held by whoever tells a tenant's plugins what has happened. */
export const hearingSlotPlace = (tenantId: string, slot: number): TableKey => ({
  partition: `PLUGINSLOTS#${tenantId}`,
  sort: String(slot),
});

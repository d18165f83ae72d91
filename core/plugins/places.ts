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
 * @param part of what is asked once: `1` at its submission, `2` when it is planned, `3#EVENT` of an event
 */
export const pluginRunPlace = (buildId: string, part: string, index: number): TableKey => ({
  partition: `BUILD#${buildId}`,
  sort: `${pluginRunPrefix}${part}#${String(index).padStart(3, '0')}`,
});

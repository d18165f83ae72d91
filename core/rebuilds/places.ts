import type { TableKey } from '../ports/table.ts';

const partition = (tenantId: string): string => `AUTOREBUILD#${tenantId}`;

/** What a tenant says of automatic rebuilds. */
export const settingsPlace = (tenantId: string): TableKey => ({ partition: partition(tenantId), sort: 'SETTINGS' });

/** How many were tried on the last day that there were any. */
export const dayPlace = (tenantId: string): TableKey => ({ partition: partition(tenantId), sort: 'DAY' });

/** The last one of a lineage that was tried. */
export const attemptPlace = (tenantId: string, lineage: string): TableKey => ({
  partition: partition(tenantId),
  sort: `LINEAGE#${lineage}`,
});

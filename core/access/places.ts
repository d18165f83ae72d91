import type { TableIndex, TableKey } from '../ports/table.ts';

/** Where identity stands in the table. All that is a tenant's stands in partitions that its id begins. */
export const apiKeyPlace = (keyId: string): TableKey => ({ partition: `KEY#${keyId}`, sort: 'KEY' });

/** A tenant's keys by member, and a member's by age. */
export const apiKeyIndexes = (
  tenantId: string,
  memberId: string,
  keyId: string,
): Partial<Record<TableIndex, TableKey>> & { readonly byTenant: TableKey } => ({
  byTenant: { partition: `TENANT#${tenantId}#KEYS`, sort: `${memberId}#${keyId}` },
});

/** When a key was used last, apart from the key: who may write the one cannot write the other. */
export const keyUsePlace = (tenantId: string, keyId: string): TableKey => ({
  partition: `${keyUsePrefix}${tenantId}`,
  sort: keyId,
});
export const keyUsePrefix = 'KEYUSE#';

export const memberPlace = (tenantId: string, memberId: string): TableKey => ({
  partition: `TENANT#${tenantId}#MEMBERS`,
  sort: memberId,
});

export const rolePlace = (tenantId: string, name: string): TableKey => ({
  partition: `TENANT#${tenantId}#ROLES`,
  sort: name,
});

/** Counts what a tenant has of something, each in a record of its own: a transaction writes a record once. */
export const countPlace = (tenantId: string, what: 'members' | 'owners' | 'roles' | 'teams'): TableKey => ({
  partition: `TENANT#${tenantId}`,
  sort: `COUNT#${what}`,
});

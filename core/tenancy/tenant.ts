import { z } from 'zod';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableKey, type TableRecord, type TableWrite } from '../ports/table.ts';

export const tenantNameSchema = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u)
  .describe('Shown to people: 1 to 64 letters, digits, spaces, dots, underscores, hyphens.');

/** A tenant: whom every stored thing belongs to. */
export const tenantRecordSchema = z.strictObject({
  tenantId: z.string(),
  name: tenantNameSchema,
  createdAt: z.iso.datetime(),
});
export type TenantRecord = z.infer<typeof tenantRecordSchema>;

/** Place of a tenant's record in the table. */
export function tenantPlace(tenantId: string): TableKey {
  return { partition: `TENANT#${tenantId}`, sort: 'TENANT' };
}

/** All tenants, in the order in which they were made. */
const allTenants = (tenantId: string): TableKey => ({ partition: 'TENANTS', sort: tenantId });

const recordOf = (stored: TableRecord): TenantRecord => tenantRecordSchema.parse(stored.data);

const putTenant = (record: TenantRecord) =>
  ({
    kind: 'put',
    key: tenantPlace(record.tenantId),
    data: toJsonObject(record),
    indexes: { byTenant: allTenants(record.tenantId) },
  }) as const;

/**
 * Makes a tenant and the write that stores it, so that the caller's transaction can hold more than the tenant.
 * @throws EngineError request.invalid where the name is none.
 */
export function newTenant(
  clock: Clock,
  ids: Ids,
  options: { readonly name: string },
): { readonly record: TenantRecord; readonly write: TableWrite } {
  if (!tenantNameSchema.safeParse(options.name).success) {
    throw new EngineError('request.invalid', 'The name of the tenant is not valid.', {
      fields: [
        {
          path: 'tenant',
          code: 'tenant.name_invalid',
          reason:
            'it is not 1 to 64 letters, digits, spaces, dots, underscores or hyphens, beginning with a letter or digit',
          remedy: 'choose such a name',
        },
      ],
    });
  }
  const record: TenantRecord = {
    tenantId: ids.next('ten'),
    name: options.name,
    createdAt: clock.now().toISOString(),
  };
  return { record, write: { ...putTenant(record), condition: { kind: 'absent' } } };
}

/** The record of a tenant that is there. @throws Error where it is not: a key's tenant never goes before the key */
export async function getTenant(table: Table, tenantId: string): Promise<TenantRecord> {
  const stored = await table.get(tenantPlace(tenantId));
  if (stored === undefined) throw new Error(`the tenant ${tenantId} is not stored`);
  return recordOf(stored);
}

/** @throws EngineError tenant.not_found where there is none of this id */
export async function needTenant(table: Table, tenantId: string): Promise<void> {
  if ((await table.get(tenantPlace(tenantId))) !== undefined) return;
  throw new EngineError('tenant.not_found', 'The installation has no such tenant.');
}

/** Gives a tenant another name. */
export async function renameTenant(
  { table, clock, ids }: { readonly table: Table; readonly clock: Clock; readonly ids: Ids },
  actor: Actor,
  name: string,
): Promise<TenantRecord> {
  const { tenantId } = actor;
  for (;;) {
    const stored = await table.get(tenantPlace(tenantId));
    if (stored === undefined) throw new Error(`the tenant ${tenantId} is not stored`);
    const before = recordOf(stored);
    const record: TenantRecord = { ...before, name };
    const detail = { name, before: before.name };
    try {
      await table.transact([
        { ...putTenant(record), condition: { kind: 'version', version: stored.version } },
        auditWrite({ clock, ids }, actor, { action: 'tenant.renamed', target: tenantId, detail }),
      ]);
      return record;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** A page of all tenants, the oldest first. */
export async function listTenants(
  table: Table,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly tenants: readonly TenantRecord[]; readonly cursor?: string }> {
  const { partition } = allTenants('');
  const { records, cursor } = await table.query({ index: 'byTenant', partition, ...page });
  return { tenants: records.map(recordOf), ...(cursor === undefined ? {} : { cursor }) };
}

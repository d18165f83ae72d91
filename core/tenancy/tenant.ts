import { z } from 'zod';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';

/** A tenant: whom every stored thing belongs to. */
export const tenantRecordSchema = z.strictObject({
  tenantId: z.string(),
  name: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u)
    .describe('Shown to people: 1 to 64 letters, digits, spaces, dots, underscores, hyphens.'),
  createdAt: z.iso.datetime(),
});
export type TenantRecord = z.infer<typeof tenantRecordSchema>;

/** Place of a tenant's record in the table. */
export function tenantPlace(tenantId: string): TableKey {
  return { partition: `TENANT#${tenantId}`, sort: 'TENANT' };
}

/**
 * Makes a tenant and the write that stores it, so that the caller's transaction can hold more than the tenant.
 * @throws EngineError request.invalid where the name is none.
 */
export function newTenant(
  clock: Clock,
  ids: Ids,
  options: { readonly name: string },
): { readonly record: TenantRecord; readonly write: TableWrite } {
  if (!tenantRecordSchema.shape.name.safeParse(options.name).success) {
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
  return {
    record,
    write: { kind: 'put', key: tenantPlace(record.tenantId), data: record, condition: { kind: 'absent' } },
  };
}

/** Makes and stores a tenant. */
export async function createTenant(
  table: Table,
  clock: Clock,
  ids: Ids,
  options: { readonly name: string },
): Promise<TenantRecord> {
  const { record, write } = newTenant(clock, ids, options);
  await table.transact([write]);
  return record;
}

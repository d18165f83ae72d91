import { z } from 'zod';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableKey } from '../ports/table.ts';
import { foundTenant } from './found-tenant.ts';

/** One record an installation: that it exists means that the first key was made. */
const firstKeyPlace: TableKey = { partition: 'INSTALLATION', sort: 'FIRST_KEY' };
const firstKeySchema = z.strictObject({
  ...{ tenantId: z.string(), memberId: z.string(), keyId: z.string() },
  createdAt: z.iso.datetime(),
});

/** The first tenant and its operator's key, whose text is shown once. */
export interface FirstKey {
  readonly tenantId: string;
  readonly memberId: string;
  readonly keyId: string;
  readonly apiKey: string;
}

/** The tenant that the first key was made for, and its operator; undefined where the installation has none yet. */
export async function firstOperator(
  table: Table,
): Promise<{ readonly tenantId: string; readonly memberId: string } | undefined> {
  const stored = await table.get(firstKeyPlace);
  if (stored === undefined) return undefined;
  const { tenantId, memberId } = firstKeySchema.parse(stored.data);
  return { tenantId, memberId };
}

/** The tenant that the first key was made for; undefined where the installation has none yet. */
export async function firstTenant(table: Table): Promise<string | undefined> {
  return (await firstOperator(table))?.tenantId;
}

/**
 * Makes the first tenant and its operator's key in one transaction, once in the life of an installation: whoever can
 * write to the table directly is its operator, and needs no more than this to let everybody else in through the API.
 * @throws EngineError resource.conflict where it was done before.
 */
export async function bootstrapFirstKey(
  table: Table,
  clock: Clock,
  ids: Ids,
  options: { readonly tenantName: string },
): Promise<FirstKey> {
  const { tenant, member, key, writes } = foundTenant(
    { clock, ids },
    {
      ...{ name: options.tenantName, keyName: 'first key' },
      owner: { name: 'operator', roles: ['operator'] },
    },
  );
  const made = { tenantId: tenant.tenantId, memberId: member.memberId, keyId: key.record.keyId };
  try {
    await table.transact([
      {
        kind: 'put',
        key: firstKeyPlace,
        data: { ...made, createdAt: clock.now().toISOString() },
        condition: { kind: 'absent' },
      },
      ...writes,
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw new EngineError('resource.conflict', 'The first key of this installation was made before.', {
      fields: [
        {
          path: 'tenant',
          code: 'first_key.exists',
          reason: 'an installation gets its first key once',
          remedy: 'use that key; its text was shown when it was made',
        },
      ],
      cause: error,
    });
  }
  return { ...made, apiKey: key.text };
}

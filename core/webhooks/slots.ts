import { z } from 'zod';
import type { Clock } from '../ports/clock.ts';
import { type Table, type TableWrite, wrote } from '../ports/table.ts';
import { asBefore, atVersion } from './endpoint-repository.ts';
import { webhookLimits } from './limits.ts';
import { slotPlace } from './places.ts';

/**
 * Calls that send at once what has just happened to one tenant's endpoints. Whoever calls may wait 15 seconds for each
 * answer: half of the places that one machine has for it (core/wiring/flow-functions.ts), so that no tenant has them all.
 */
const slotsOfTenant = 2;

/** Milliseconds after which a slot whose holder died is free: longer than its attempts can take. */
const leaseMilliseconds = webhookLimits.answerMilliseconds + 45_000;

const slotSchema = z.strictObject({ until: z.iso.datetime() });

/**
 * Does something while it holds one of the tenant's slots.
 * @returns undefined where all of them are held by others: then nothing is done
 */
export async function withSlot<T>(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  tenantId: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  for (let slot = 0; slot < slotsOfTenant; slot += 1) {
    const key = slotPlace(tenantId, slot);
    const before = await table.get(key);
    const now = clock.now();
    if (before !== undefined && Date.parse(slotSchema.parse(before.data).until) > now.getTime()) continue;
    const until = new Date(now.getTime() + leaseMilliseconds);
    const expiresAt = Math.ceil(until.getTime() / 1_000);
    const takes: TableWrite = {
      ...{ kind: 'put', key, data: { until: until.toISOString() }, expiresAt, condition: asBefore(before) },
    };
    if (!(await wrote(table, [takes]))) continue;
    try {
      return await work();
    } finally {
      // Where it took longer than the lease the slot is another's by now.
      await wrote(table, [{ kind: 'delete', key, condition: atVersion((before?.version ?? 0) + 1) }]);
    }
  }
  return undefined;
}

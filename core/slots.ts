import { z } from 'zod';
import type { Clock } from './ports/clock.ts';
import { type Table, type TableKey, type TableWrite, wrote } from './ports/table.ts';

const slotSchema = z.strictObject({ until: z.iso.datetime() });

/** Places of which each is held by one call at a time: no more calls than places do the same work at once. */
export interface Slots {
  readonly places: readonly TableKey[];
  /** After which a place whose holder died is free: longer than the work can take. */
  readonly leaseMilliseconds: number;
}

/**
 * Does something while it holds one of the slots.
 * @returns undefined where all of them are held by others: then nothing is done
 */
export async function withSlot<T>(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  { places, leaseMilliseconds }: Slots,
  work: () => Promise<T>,
): Promise<T | undefined> {
  for (const key of places) {
    const before = await table.get(key);
    const now = clock.now();
    if (before !== undefined && Date.parse(slotSchema.parse(before.data).until) > now.getTime()) continue;
    const until = new Date(now.getTime() + leaseMilliseconds);
    const takes: TableWrite = {
      ...{ kind: 'put', key, data: { until: until.toISOString() }, expiresAt: Math.ceil(until.getTime() / 1_000) },
      condition: before === undefined ? { kind: 'absent' } : { kind: 'version', version: before.version },
    };
    if (!(await wrote(table, [takes]))) continue;
    try {
      return await work();
    } finally {
      // Where it took longer than the lease the slot is another's by now.
      const version = (before?.version ?? 0) + 1;
      await wrote(table, [{ kind: 'delete', key, condition: { kind: 'version', version } }]);
    }
  }
  return undefined;
}

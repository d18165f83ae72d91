import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { createRecent } from '../protection/recent.ts';
import { dayAt } from './days.ts';
import { callsUsagePlace } from './places.ts';
import { usageWrites } from './usage-record.ts';

/** Calls that a process keeps to itself before it records them, as with rates (core/protection/rate-limit.ts). */
const callsAtOnce = 20;

/** Milliseconds after which it records fewer. */
const untoldFor = 600_000;

/** Tenants that a process remembers. */
const remembered = 10_000;

/** Calls of one day that are not recorded. */
interface Batch {
  readonly id: string;
  readonly day: string;
  readonly since: number;
  calls: number;
}

export interface CallCounter {
  /** Counts a call of a tenant's. What cannot be recorded now is recorded with the calls that follow. */
  count(tenantId: string): Promise<void>;
}

/**
 * Counts calls, and records them in batches: one write in twenty calls, or in ten minutes. What a process has not recorded when
 * it ends is never billed: fewer than twenty calls of a tenant.
 */
export function createCallCounter({
  table,
  clock,
  ids,
}: {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}): CallCounter {
  const tenants = createRecent<{ open?: Batch; due: Batch[] }>(remembered, () => ({ due: [] }));

  /** Records a batch under its own id: one that was recorded, and whose answer was lost, is not recorded again. */
  const record = async (tenantId: string, { id, day, calls }: Batch): Promise<boolean> => {
    const recordedAt = clock.now().toISOString();
    const usage = { tenantId, payer: 'tenant', day, quantities: { 'api.calls': calls }, recordedAt } as const;
    try {
      await table.transact(usageWrites(callsUsagePlace(tenantId, day, id), usage));
      return true;
    } catch (error) {
      if (error instanceof ConditionFailed) return true;
      // Nobody's call fails since it could not be counted.
      if (error instanceof EngineError && error.code === 'service.unavailable') return false;
      throw error;
    }
  };

  return {
    async count(tenantId) {
      const seen = tenants.of(tenantId);
      const now = clock.now().getTime();
      const day = dayAt(now);
      if (seen.open !== undefined && seen.open.day !== day) {
        seen.due.push(seen.open);
        delete seen.open;
      }
      const open = seen.open ?? { id: ids.next('req'), day, since: now, calls: 0 };
      open.calls += 1;
      seen.open = open;
      if (open.calls >= callsAtOnce || now - open.since >= untoldFor) {
        seen.due.push(open);
        delete seen.open;
      }
      // Each is taken by one call: those that come meanwhile do not wait for it.
      for (let batch = seen.due.shift(); batch !== undefined; batch = seen.due.shift()) {
        if (await record(tenantId, batch)) continue;
        seen.due.push(batch);
        break;
      }
    },
  };
}

import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { attemptUsage, type EndedAttempt } from '../../../core/billing/attempt-usage.ts';
import { type UsageKind, usageKindFacts } from '../../../core/billing/kinds.ts';
import { attemptUsagePlace } from '../../../core/billing/places.ts';
import { readUsage, type UsageRecord, usageWrites } from '../../../core/billing/usage-record.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { outboxEvents } from '../../../core/events/outbox.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Ids } from '../../../core/ports/ids.ts';
import { type Table, wrote } from '../../../core/ports/table.ts';
import { newTenant } from '../../../core/tenancy/tenant.ts';

/** A table with a tenant, on a clock that tests set. */
export interface BillingWorld {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly tenantId: string;
  now: number;
  /** Records what an attempt used; false where it was recorded before. */
  use(attempt: EndedAttempt, build?: Partial<BuildRecord>): Promise<boolean>;
  /** Records so much of a kind on a day; false where it was recorded before under this name. */
  record(name: string, day: string, quantities: UsageRecord['quantities'], teamId?: string): Promise<boolean>;
  /** Every record that there is. */
  records(): Promise<UsageRecord[]>;
  /** Types of the events that lie in the outbox, in order. */
  events(): Promise<{ readonly type: string; readonly detail: unknown }[]>;
  close(): void;
}

/** A tenant that was made on 5 October 2026: its months begin on the 5th. */
export async function openBillingWorld(made = '2026-10-05T09:00:00Z'): Promise<BillingWorld> {
  const clock: Clock = {
    now: () => new Date(world.now),
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
  };
  const madeClock: Clock = { now: () => new Date(made), sleep: clock.sleep };
  const table = openSqliteTable({ file: ':memory:', clock: madeClock });
  const ids = createIds(madeClock);
  const tenant = newTenant(madeClock, ids, { name: 'one' });
  await table.transact([tenant.write]);
  const { tenantId } = tenant.record;
  const changes = async () => (await table.read(undefined, 100_000)).changes;
  const world: BillingWorld = {
    ...{ table, clock, ids, tenantId, now: Date.parse(made) },
    async use(attempt, build = {}) {
      const of = { id: 'bld_1', tenantId, ...build } as BuildRecord;
      const writes = attemptUsage(of, attempt).flatMap((record) =>
        usageWrites(attemptUsagePlace(of.id, attempt.stage, attempt.attempt, record.day), record),
      );
      return wrote(table, writes);
    },
    record(name, day, quantities, teamId) {
      const record: UsageRecord = {
        ...{ tenantId, payer: 'tenant', day, quantities, recordedAt: clock.now().toISOString() },
        ...(teamId === undefined ? {} : { teamId }),
      };
      return wrote(table, usageWrites({ partition: `USAGE#${tenantId}#${day}`, sort: name }, record));
    },
    async records() {
      const found = (await changes()).filter(({ key }) => key.partition.startsWith('USAGE#'));
      return found.flatMap(({ after }) => (after === undefined ? [] : [readUsage(after)]));
    },
    async events() {
      return outboxEvents(await changes()).map(({ type, detail }) => ({ type, detail }));
    },
    close: () => table.close(),
  };
  return world;
}

/** The table with some of its operations replaced. */
export const tableWith = (table: Table, instead: Partial<Table>): Table => ({
  get: (key) => table.get(key),
  query: (query) => table.query(query),
  transact: (writes) => table.transact(writes),
  ...instead,
});

/** A fraction of integers, for recounts that share no code with what they judge. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export function plus(a: Fraction, b: Fraction): Fraction {
  if (a.denominator === b.denominator) return { ...a, numerator: a.numerator + b.numerator };
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

/** The nearest integer, of two the even one: found by trying, not by the rule that is under test. */
export function nearest({ numerator, denominator }: Fraction): bigint {
  const below = numerator / denominator;
  const distance = (candidate: bigint): bigint => {
    const difference = numerator - candidate * denominator;
    return difference < 0n ? -difference : difference;
  };
  const [near] = [below, below + 1n].sort((a, b) => {
    const by = distance(a) - distance(b);
    if (by !== 0n) return by < 0n ? -1 : 1;
    return a % 2n === 0n ? -1 : 1;
  });
  return near ?? 0n;
}

/** What one record of a kind costs, unrounded. */
export function exactCost(kind: UsageKind, quantity: number, price: number): Fraction {
  return { numerator: BigInt(quantity) * BigInt(price), denominator: BigInt(usageKindFacts[kind].priced.size) };
}

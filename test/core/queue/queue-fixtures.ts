import fc from 'fast-check';
import type { Shares, TenantShare } from '../../../core/queue/fair-queue.ts';
import { type Priority, priorities } from '../../../core/queue/priority.ts';
import type { QueueEntry } from '../../../core/queue/queue-entry.ts';

/** Milliseconds since 1970 at which tests begin. */
export const origin = Date.parse('2026-11-01T10:00:00.000Z');

export interface Wish {
  readonly tenant: string;
  readonly team?: string | undefined;
  readonly member?: string | undefined;
  readonly key?: string;
  readonly priority?: Priority;
  /** Seconds after the beginning. */
  readonly at?: number;
  readonly seconds?: number | undefined;
  readonly warm?: boolean;
}

/** Entries with ids in the order in which they are given. */
export function entriesOf(wishes: readonly Wish[], prefix = 'b'): QueueEntry[] {
  return wishes.map(({ tenant, team, member, key = 'k', priority = 'normal', at = 0, seconds, warm }, number) => ({
    ...{ id: `${prefix}${String(number).padStart(5, '0')}`, tenantId: tenant, keyId: key, priority },
    ...(team === undefined ? {} : { teamId: team }),
    ...(member === undefined ? {} : { memberId: member }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(warm === true ? { warm: true as const } : {}),
    submittedAt: new Date(origin + at * 1_000).toISOString(),
  }));
}

export const noShares: Shares = { time: 0, tenants: new Map() };

/** Shares by weight alone; nobody has used anything. */
export function weighted(weights: Readonly<Record<string, number>>): Shares {
  const tenants = Object.entries(weights).map(([id, weight]): [string, TenantShare] => [
    id,
    { weight, finish: 0, floor: 0, time: 0, teams: new Map() },
  ]);
  return { time: 0, tenants: new Map(tenants) };
}

const some = <T>(values: readonly T[]) => fc.constantFrom(...values);

/** Builds of up to four tenants, three teams, members and keys. */
export const wishes = (most: number): fc.Arbitrary<Wish[]> =>
  fc.array(
    fc.record({
      tenant: some(['t1', 't2', 't3', 't4']),
      team: fc.option(some(['red', 'blue']), { nil: undefined }),
      member: fc.option(some(['m1', 'm2', 'm3']), { nil: undefined }),
      key: some(['k1', 'k2']),
      priority: some(priorities),
      at: fc.integer({ min: 0, max: 7_200 }),
      seconds: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
      warm: some([false, false, false, true]),
    }),
    { maxLength: most },
  );

export const weightsOf = fc.record({
  t1: fc.integer({ min: 1, max: 20 }),
  t2: fc.integer({ min: 1, max: 20 }),
  t3: fc.integer({ min: 1, max: 20 }),
  t4: fc.integer({ min: 1, max: 20 }),
});

const cap = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined });

/** Caps, some of them absent. */
export const capsOf = fc
  .record({
    installation: fc.integer({ min: 1, max: 12 }),
    tenant: fc.integer({ min: 1, max: 8 }),
    team: cap,
    member: cap,
    key: cap,
  })
  .map(({ installation, tenant, ...others }) => ({
    ...{ installation, tenant },
    ...(others.team === undefined ? {} : { team: others.team }),
    ...(others.member === undefined ? {} : { member: others.member }),
    ...(others.key === undefined ? {} : { key: others.key }),
  }));

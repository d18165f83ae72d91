import { describe, expect, it } from 'vitest';
import { chargedSeconds, settlement } from '../../../core/queue/charge.ts';
import { FairQueue, startsDue } from '../../../core/queue/fair-queue.ts';
import { ageingMilliseconds, priorities } from '../../../core/queue/priority.ts';
import type { QueueEntry } from '../../../core/queue/queue-entry.ts';
import type { SlotCaps } from '../../../core/queue/slots.ts';
import { entriesOf, noShares, type Wish, weighted } from './queue-fixtures.ts';

const plenty: SlotCaps = { installation: 1_000, tenant: 1_000 };

const order = (queued: readonly Wish[], caps: SlotCaps = plenty, shares = noShares, running: readonly Wish[] = []) =>
  startsDue({ queued: entriesOf(queued), running: entriesOf(running, 'r'), shares, caps }).map(({ entry }) => entry);
const tenants = (entries: readonly QueueEntry[]) => entries.map(({ tenantId }) => tenantId).join(' ');
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('tenants', () => {
  it('take turns, whoever came first and with how many', () => {
    const queued = [...times(4, { tenant: 'a' }), ...times(2, { tenant: 'b' }), { tenant: 'c' }];
    expect(tenants(order(queued))).toBe('a b c a b a a');
  });

  it('have as many turns as their weights say', () => {
    const queued = [...times(40, { tenant: 'a' }), ...times(40, { tenant: 'b' })];
    const first = order(queued, { installation: 40, tenant: 40 }, weighted({ a: 3, b: 1 }));
    expect(first.filter(({ tenantId }) => tenantId === 'a')).toHaveLength(30);
  });

  it('pay for the time that their builds are thought to take', () => {
    const queued = [...times(10, { tenant: 'long', seconds: 1_200 }), ...times(10, { tenant: 'short', seconds: 300 })];
    expect(tenants(order(queued, { installation: 10, tenant: 10 }))).toBe(
      'long short short short short long short short short short',
    );
  });

  it('save nothing up: who comes back has the next turn, not all that were missed', () => {
    const queue = new FairQueue(noShares, plenty);
    for (const entry of entriesOf(times(50, { tenant: 'a' }))) queue.add(entry);
    for (let turn = 0; turn < 40; turn += 1) queue.next();
    for (const entry of entriesOf(times(10, { tenant: 'b' }), 'c')) queue.add(entry);
    const next = Array.from({ length: 6 }, () => queue.next()?.entry.tenantId).join(' ');
    expect(next).toBe('b a b a b a');
  });

  it('at a cap are passed over, and hold up nobody', () => {
    const queued = [...times(5, { tenant: 'a' }), ...times(2, { tenant: 'b' })];
    expect(tenants(order(queued, { installation: 10, tenant: 2 }))).toBe('a b a b');
    expect(tenants(order(queued, { installation: 3, tenant: 2 }, noShares, [{ tenant: 'a' }, { tenant: 'a' }]))).toBe(
      'b',
    );
  });

  it('settle at the end of a build what it took', () => {
    expect(settlement(600, 1_200, 2)).toBe(300_000);
    expect(settlement(600, 300, 1)).toBe(-300_000);
    // A minute is charged in any case.
    expect(settlement(600, 0, 1)).toBe(-540_000);
    expect([chargedSeconds(undefined), chargedSeconds(1), chargedSeconds(1e9)]).toEqual([600, 60, 86_400]);
    const queue = new FairQueue(noShares, plenty);
    for (const entry of entriesOf([...times(4, { tenant: 'a' }), ...times(4, { tenant: 'b' })])) queue.add(entry);
    expect([queue.next(), queue.next()].map((start) => start?.entry.tenantId)).toEqual(['a', 'b']);
    // The first one of a took three times as long as it was charged for.
    queue.settle('a', settlement(600, 1_800, 1));
    expect(Array.from({ length: 4 }, () => queue.next()?.entry.tenantId).join(' ')).toBe('b b a b');
  });

  it('get no second turn in the place of one, whatever is given back to them', () => {
    const queue = new FairQueue(noShares, plenty);
    for (const entry of entriesOf(times(6, { tenant: 'a', seconds: 3_600 }))) queue.add(entry);
    for (const entry of entriesOf([{ tenant: 'b' }], 'c')) queue.add(entry);
    expect(queue.next()?.entry.tenantId).toBe('a');
    for (let ended = 0; ended < 5; ended += 1) queue.settle('a', settlement(3_600, 1, 1));
    expect(queue.next()?.entry.tenantId).toBe('b');
  });
});

describe('teams', () => {
  it('take turns inside their tenant, those without one as a team of their own', () => {
    const queued: Wish[] = [
      ...times(3, { tenant: 'a', team: 'red' }),
      { tenant: 'a' },
      ...times(2, { tenant: 'a', team: 'blue' }),
    ];
    expect(order(queued).map(({ teamId = '-' }) => teamId)).toEqual(['red', '-', 'blue', 'red', 'blue', 'red']);
  });

  it('do not get their tenant more turns', () => {
    const queued: Wish[] = [
      ...['red', 'blue', 'green'].flatMap((team) => times(2, { tenant: 'a', team })),
      ...times(3, { tenant: 'b' }),
    ];
    expect(tenants(order(queued)).startsWith('a b a b a b')).toBe(true);
  });

  it('have weights', () => {
    const teams = new Map([['red', { weight: 2, finish: 0, floor: 0 }]]);
    const shares = {
      time: 0,
      tenants: new Map([['a', { weight: 1, finish: 0, floor: 0, time: 0, teams }]]),
    };
    const queued = [...times(6, { tenant: 'a', team: 'red' }), ...times(6, { tenant: 'a', team: 'blue' })];
    const first = order(queued, { installation: 6, tenant: 6 }, shares);
    expect(first.filter(({ teamId }) => teamId === 'red')).toHaveLength(4);
  });
});

describe('priorities', () => {
  it('order the builds of one team, and of one priority the older goes', () => {
    const queued: Wish[] = ['low', 'normal', 'high', 'urgent', 'normal'].map((priority) => ({
      tenant: 'a',
      priority: priorities.find((one) => one === priority) ?? 'normal',
    }));
    expect(order(queued).map(({ id }) => id)).toEqual(['b00003', 'b00002', 'b00001', 'b00004', 'b00000']);
  });

  it('buy no turn from another tenant', () => {
    const queued: Wish[] = [...times(3, { tenant: 'a' }), ...times(3, { tenant: 'b', priority: 'urgent' as const })];
    expect(tenants(order(queued))).toBe('a b a b a b');
  });

  it('are made up for by waiting: a quarter of an hour is worth one', () => {
    const quarter = ageingMilliseconds / 1_000;
    const low = { tenant: 'a', priority: 'low' as const };
    const ids = (at: number) => order([low, { tenant: 'a', priority: 'urgent', at }]).map(({ id }) => id);
    expect(ids(3 * quarter - 1)).toEqual(['b00001', 'b00000']);
    expect(ids(3 * quarter + 1)).toEqual(['b00000', 'b00001']);
  });
});

describe('a warming', () => {
  const warm = { tenant: 'op', warm: true };
  const ids = (queued: readonly Wish[], running: readonly Wish[] = []) =>
    order(queued, { installation: 3, tenant: 2 }, noShares, running).map(({ id }) => id);

  it('starts where nothing else waits, oldest first, and is charged to nobody', () => {
    expect(ids([warm, warm, warm])).toEqual(['b00000', 'b00001']);
    const due = startsDue({ queued: entriesOf([warm]), running: [], shares: noShares, caps: plenty });
    expect(due.map(({ charge }) => charge)).toEqual([undefined]);
  });

  it('comes after all others, though it is older, and counts with them', () => {
    expect(ids([warm, { tenant: 'a' }, { tenant: 'a' }])).toEqual(['b00001', 'b00002', 'b00000']);
    expect(ids([warm, { tenant: 'a' }], times(2, { tenant: 'b' }))).toEqual(['b00001']);
  });

  it('waits where another waits, even one that only its tenant’s limit holds back', () => {
    expect(ids([warm, { tenant: 'a' }], times(2, { tenant: 'a' }))).toEqual([]);
  });
});

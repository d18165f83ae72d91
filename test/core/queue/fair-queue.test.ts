import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chargedSeconds, fewestSeconds, settlement } from '../../../core/queue/charge.ts';
import { FairQueue, type Start, startsDue } from '../../../core/queue/fair-queue.ts';
import { ageingMilliseconds, priorities, rankOf } from '../../../core/queue/priority.ts';
import type { QueueEntry } from '../../../core/queue/queue-entry.ts';
import { ownerName, type SlotCaps, slotOwners } from '../../../core/queue/slots.ts';
import { capsOf, entriesOf, noShares, type Wish, weighted, weightsOf, wishes } from './queue-fixtures.ts';

const plenty: SlotCaps = { installation: 1_000, tenant: 1_000 };
const runs = { numRuns: 1_000 };

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

/** Builds that run at random, end in any order and are settled by how long they ran. */
const history = fc.record({
  wishes: wishes(60),
  caps: capsOf,
  weights: weightsOf,
  ends: fc.array(fc.record({ which: fc.nat(), seconds: fc.integer({ min: 0, max: 30_000 }) }), { maxLength: 80 }),
});

/** Plays a history; `watch` sees each start with the builds that run then, and those that wait after it. */
function play(
  given: {
    wishes: Wish[];
    caps: SlotCaps;
    weights: Record<string, number>;
    ends: { which: number; seconds: number }[];
  },
  watch: (start: Start | undefined, running: readonly QueueEntry[], waiting: readonly QueueEntry[]) => void,
): void {
  const queue = new FairQueue(weighted(given.weights), given.caps);
  const entries = entriesOf(given.wishes);
  const waiting = new Set<QueueEntry>();
  const running: Start[] = [];
  const arrive = (count: number) => {
    for (const entry of entries.splice(0, count)) {
      queue.add(entry);
      waiting.add(entry);
    }
  };
  const startAll = () => {
    for (;;) {
      const start = queue.next();
      if (start !== undefined) {
        running.push(start);
        waiting.delete(start.entry);
      }
      watch(
        start,
        running.map(({ entry }) => entry),
        [...waiting],
      );
      if (start === undefined) return;
    }
  };
  arrive(Math.ceil(entries.length / 2));
  startAll();
  for (const { which, seconds } of given.ends) {
    const [ended] = running.splice(which % Math.max(1, running.length), 1);
    if (ended !== undefined) {
      queue.end(ended.entry);
      const { charge, entry } = ended;
      if (charge !== undefined) queue.settle(entry.tenantId, settlement(charge.seconds, seconds, charge.tenant.weight));
    }
    arrive(1);
    startAll();
  }
}

const countsOf = (entries: readonly QueueEntry[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    for (const owner of slotOwners) {
      const name = ownerName(owner, entry);
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
};

describe('whatever happens', () => {
  it('no cap is passed', () => {
    fc.assert(
      fc.property(history, (given) => {
        play(given, (start, running) => {
          if (start === undefined) return;
          const counts = countsOf(running);
          for (const owner of slotOwners) {
            const name = ownerName(owner, start.entry);
            if (name !== undefined) expect(counts.get(name)).toBeLessThanOrEqual(given.caps[owner] ?? 1_000);
          }
        });
      }),
      runs,
    );
  });

  it('no slot stands idle that a build may have', () => {
    fc.assert(
      fc.property(history, (given) => {
        play(given, (start, running, waiting) => {
          if (start !== undefined) return;
          const counts = countsOf(running);
          const mayStart = (entry: QueueEntry) =>
            slotOwners.every((owner) => {
              const name = ownerName(owner, entry);
              return name === undefined || (counts.get(name) ?? 0) < (given.caps[owner] ?? 1_000);
            });
          // A warming waits for everybody else; the others wait for caps alone.
          const others = waiting.filter(({ warm }) => warm !== true);
          expect((others.length > 0 ? others : waiting).filter(mayStart)).toEqual([]);
        });
      }),
      runs,
    );
  });

  it('of one team and one owner the smaller rank goes first', () => {
    fc.assert(
      fc.property(history, (given) => {
        play(given, (start, _, waiting) => {
          if (start === undefined || start.entry.warm === true) return;
          const { entry } = start;
          const rank = (one: QueueEntry) => rankOf(Date.parse(one.submittedAt), one.priority);
          const alike = waiting.filter(
            (one) =>
              slotOwners.every((owner) => ownerName(owner, one) === ownerName(owner, entry)) && one.warm !== true,
          );
          for (const other of alike) {
            expect(rank(entry)).toBeLessThanOrEqual(rank(other));
            if (rank(entry) === rank(other)) expect(entry.id < other.id).toBe(true);
          }
        });
      }),
      runs,
    );
  });

  it('no tenant starves: between two of its turns each other one has no more than the bound', () => {
    const bounded = fc.record({
      weights: weightsOf,
      counts: fc.record({ t1: fc.integer({ min: 1, max: 60 }), t2: fc.nat(60), t3: fc.nat(60), t4: fc.nat(60) }),
      seconds: fc.record({
        t1: fc.integer({ min: 0, max: 7_200 }),
        t2: fc.nat(7_200),
        t3: fc.nat(7_200),
        t4: fc.nat(7_200),
      }),
      refunds: fc.array(fc.nat(7_200), { maxLength: 40 }),
    });
    fc.assert(
      fc.property(bounded, ({ weights, counts, seconds, refunds }) => {
        const names = ['t1', 't2', 't3', 't4'] as const;
        const all = names.flatMap((tenant) => times(counts[tenant], { tenant, seconds: seconds[tenant] }));
        const queue = new FairQueue(weighted(weights), plenty);
        for (const entry of entriesOf(all)) queue.add(entry);
        const since: Record<string, number> = { t2: 0, t3: 0, t4: 0 };
        let left = counts.t1;
        // Before its first turn it owes nothing; after a turn what that was charged for, over its weight.
        let owes = 0;
        for (let start = queue.next(), turn = 0; start !== undefined && left > 0; start = queue.next(), turn += 1) {
          const { tenantId } = start.entry;
          if (tenantId === 't1') {
            left -= 1;
            owes = (chargedSeconds(seconds.t1) * 1_000) / weights.t1;
            for (const name of Object.keys(since)) since[name] = 0;
            continue;
          }
          const count = (since[tenantId] ?? 0) + 1;
          since[tenantId] = count;
          const weight = Object.entries(weights).find(([name]) => name === tenantId)?.[1] ?? 1;
          // Whole milliseconds: each turn may be rounded up by less than one.
          expect(count).toBeLessThanOrEqual(((owes + 1) * weight) / (fewestSeconds * 1_000) + 1 + 1e-9);
          // What others' builds took less than they were charged for is given back to them at once: it helps them little.
          const ran = refunds[turn % Math.max(1, refunds.length)];
          if (ran !== undefined && start.charge !== undefined) {
            queue.settle(tenantId, Math.min(0, settlement(start.charge.seconds, ran, start.charge.tenant.weight)));
          }
        }
        expect(left).toBe(0);
      }),
      runs,
    );
  });

  it('the shares of those who always want more are as their weights, within one build each', () => {
    fc.assert(
      fc.property(weightsOf, fc.integer({ min: 60, max: 3_600 }), (weights, seconds) => {
        const names = Object.keys(weights);
        const queue = new FairQueue(weighted(weights), plenty);
        for (const entry of entriesOf(names.flatMap((tenant) => times(60, { tenant, seconds })))) queue.add(entry);
        const got = new Map<string, number>();
        for (let turn = 0; turn < 60; turn += 1) {
          const id = queue.next()?.entry.tenantId ?? '';
          got.set(id, (got.get(id) ?? 0) + 1);
        }
        const sum = Object.values(weights).reduce((all, weight) => all + weight, 0);
        for (const [name, weight] of Object.entries(weights)) {
          expect(Math.abs((got.get(name) ?? 0) - (60 * weight) / sum)).toBeLessThanOrEqual(names.length);
        }
      }),
      runs,
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chargedSeconds, fewestSeconds, settlement } from '../../../core/queue/charge.ts';
import { FairQueue, type Start, startsDue } from '../../../core/queue/fair-queue.ts';
import { rankOf } from '../../../core/queue/priority.ts';
import type { QueueEntry } from '../../../core/queue/queue-entry.ts';
import { ownerName, type SlotCaps, slotOwners } from '../../../core/queue/slots.ts';
import { capsOf, entriesOf, noShares, type Wish, weighted, weightsOf, wishes } from './queue-fixtures.ts';

const plenty: SlotCaps = { installation: 1_000, tenant: 1_000 };
const runs = { numRuns: 1_000 };

const _order = (queued: readonly Wish[], caps: SlotCaps = plenty, shares = noShares, running: readonly Wish[] = []) =>
  startsDue({ queued: entriesOf(queued), running: entriesOf(running, 'r'), shares, caps }).map(({ entry }) => entry);
const _tenants = (entries: readonly QueueEntry[]) => entries.map(({ tenantId }) => tenantId).join(' ');
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

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

import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EngineError } from '../../../core/errors.ts';
import { startsDue } from '../../../core/queue/fair-queue.ts';
import { outlooks } from '../../../core/queue/outlook.ts';
import { readOutlook } from '../../../core/queue/queue-outlook.ts';
import type { SlotCaps } from '../../../core/queue/slots.ts';
import { capsOf, entriesOf, noShares, origin, type Wish, weighted, weightsOf, wishes } from './queue-fixtures.ts';
import { openQueue } from './queue-under-test.ts';

const startedAt = new Date(origin).toISOString();
const runningOf = (wishes: readonly Wish[]) => entriesOf(wishes, 'r').map((entry) => ({ ...entry, startedAt }));
const look = (
  queued: readonly Wish[],
  running: readonly Wish[],
  caps: SlotCaps,
  rate?: { perSecond: number; burst: number },
) => {
  const state = { queued: entriesOf(queued), running: runningOf(running), stored: { book: { time: 0 }, version: 1 } };
  const shares = { shares: noShares, record: () => undefined, started: () => undefined };
  const found = outlooks({ ...state, shares }, { caps, rate }, origin);
  return [...found].map(([id, { position, startsAt }]) => [id, position, (startsAt - origin) / 1_000]);
};

describe('the outlook of a queued build', () => {
  it('is its place in the order of starts, and the ends before it', () => {
    const caps = { installation: 2, tenant: 2 };
    const running = [
      { tenant: 'a', seconds: 100 },
      { tenant: 'a', seconds: 300 },
    ];
    const queued = [
      { tenant: 'a', seconds: 500 },
      { tenant: 'a', seconds: 500 },
      { tenant: 'b', seconds: 500 },
    ];
    expect(look(queued, running, caps)).toEqual([
      ['b00000', 1, 100],
      ['b00002', 2, 300],
      ['b00001', 3, 600],
    ]);
  });

  it('waits for the caps of its owners, and for tokens', () => {
    const caps = { installation: 9, tenant: 9, member: 1 };
    const queued = [
      { tenant: 'a', member: 'm' },
      { tenant: 'a', member: 'n' },
      { tenant: 'a', member: 'n' },
    ];
    expect(look(queued, [{ tenant: 'a', member: 'm', seconds: 50 }], caps, { perSecond: 0.1, burst: 1 })).toEqual([
      ['b00001', 1, 0],
      ['b00000', 2, 50],
      ['b00002', 3, 600],
    ]);
  });

  it('takes a build that is overdue for one that ends soon', () => {
    const long = new Date(origin - 9_000_000).toISOString();
    const running = runningOf([{ tenant: 'a', seconds: 60 }]).map((entry) => ({ ...entry, startedAt: long }));
    const stored = { book: { time: 0 }, version: 1 };
    const shares = { shares: noShares, record: () => undefined, started: () => undefined };
    const limits = { caps: { installation: 1, tenant: 1 }, rate: undefined };
    const found = outlooks({ queued: entriesOf([{ tenant: 'a' }]), running, stored, shares }, limits, origin);
    expect([...found.values()]).toEqual([{ position: 1, startsAt: origin + 30_000 }]);
  });

  it('begins with what starts now, counts all that can start once, and never goes back in time', () => {
    fc.assert(
      fc.property(wishes(40), wishes(8), capsOf, weightsOf, (queued, running, caps, weights) => {
        const shares = { shares: weighted(weights), record: () => undefined, started: () => undefined };
        const given = { queued: entriesOf(queued), running: runningOf(running) };
        const found = outlooks(
          { ...given, stored: { book: { time: 0 }, version: 1 }, shares },
          { caps, rate: undefined },
          origin,
        );
        const due = startsDue({ ...given, shares: weighted(weights), caps }).map(({ entry }) => entry.id);
        const order = [...found].map(([id]) => id);
        expect(order.slice(0, due.length)).toEqual(due);
        // Whatever runs ends, so that everything has its turn.
        expect([...order].sort()).toEqual(given.queued.map(({ id }) => id).sort());
        expect([...found.values()].map(({ position }) => position)).toEqual(order.map((_, place) => place + 1));
        const times = [...found.values()].map(({ startsAt }) => startsAt);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the bound of the queue', () => {
  const open = (limits: Parameters<typeof openQueue>[0]) => {
    const queue = openQueue(limits);
    onTestFinished(() => queue.close());
    return queue;
  };
  const waiting = async (queue: ReturnType<typeof openQueue>, owner: string) =>
    (await queue.table.get({ partition: `WAITING#${owner}`, sort: 'WAITING' }))?.counters.builds ?? 0;
  const refusal = async (asked: Promise<unknown>) => {
    const error = await asked.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof EngineError)) throw new Error('it is refused');
    return [error.code, error.status, error.retryAfterSeconds];
  };

  it('refuses with the time of the next start that makes a place', async () => {
    const queue = open({ concurrentBuilds: 1, queuedBuilds: 3, queuedBuildsPerTenant: 2 });
    const first = await queue.queued('ten_1', { seconds: 400 });
    await queue.dispatch();
    await queue.queued('ten_2', { seconds: 700 });
    await queue.queued('ten_1', { seconds: 100 });
    await queue.queued('ten_1', { seconds: 100 });
    // The tenant has two that wait: the first of them starts after the other tenant's.
    expect(await refusal(queue.queued('ten_1'))).toEqual(['queue.full', 429, 1_100]);
    expect(await refusal(queue.queued('ten_3'))).toEqual(['queue.full', 429, 400]);
    expect([await waiting(queue, 'installation'), await waiting(queue, 'ten_1')]).toEqual([3, 2]);
    queue.clock.pass(400_000);
    await queue.end(first);
    await queue.dispatch();
    expect([await waiting(queue, 'installation'), await waiting(queue, 'ten_2')]).toEqual([2, 0]);
    await queue.queued('ten_3');
  });

  it('holds against submits at once, and each place is given back once, however a build leaves', async () => {
    const queue = open({ concurrentBuilds: 2, queuedBuildsPerTenant: 5 });
    const asked = await Promise.allSettled(Array.from({ length: 12 }, () => queue.queued('ten_1')));
    const ids = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(ids).toHaveLength(5);
    await queue.dispatch();
    expect(await waiting(queue, 'ten_1')).toBe(3);
    for (const id of ids) {
      await queue.end(id, 'cancelled');
      await queue.end(id, 'failed');
    }
    expect([await waiting(queue, 'ten_1'), await waiting(queue, 'installation')]).toEqual([0, 0]);
    expect(await queue.build(ids[0] ?? '')).not.toHaveProperty('waits');
  });

  it('is not met by a warming, which waits for everybody', async () => {
    const queue = open({ queuedBuilds: 1 });
    await queue.queued('ten_1');
    await queue.queued('ten_1', { purpose: 'warm' });
    expect(await waiting(queue, 'installation')).toBe(1);
  });

  it('is told of for a while without reading again', async () => {
    const queue = open({ concurrentBuilds: 1 });
    const id = await queue.queued('ten_1');
    const first = await readOutlook(queue.ports);
    expect(first.builds.get(id)?.position).toBe(1);
    expect(await readOutlook(queue.ports)).toBe(first);
    queue.clock.pass(1_001);
    expect(await readOutlook(queue.ports)).not.toBe(first);
  });
});

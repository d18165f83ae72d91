import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Killed } from '../../../bench/simulation/call-life.ts';
import { faultyTable } from '../../../bench/simulation/faulty-table.ts';
import { Random } from '../../../bench/simulation/random.ts';
import type { EventType } from '../../../core/events/event.ts';
import { ConditionFailed, type Table } from '../../../core/ports/table.ts';
import type { WebhookRequest, WebhookSender } from '../../../core/ports/webhook-sender.ts';
import type { DeliverPorts } from '../../../core/webhooks/attempt.ts';
import { deliveryIdOf } from '../../../core/webhooks/delivery.ts';
import { wants } from '../../../core/webhooks/endpoint.ts';
import { dyingTable } from '../../support/dying-table.ts';
import { openWebhookWorld, type WebhookWorld } from './webhook-world.ts';

/** Notes what is sent, and answers as it is told. */
function notedSender(answer: (request: WebhookRequest) => number) {
  const sent: WebhookRequest[] = [];
  const sender: WebhookSender = {
    send: async (request) => {
      sent.push(request);
      return { kind: 'answered', status: answer(request), body: '', truncated: false };
    },
  };
  return { sent, sender };
}

const through = (world: WebhookWorld, table: Table): DeliverPorts => ({ ...world.ports, table });

it.each(
  // Writing the delivery down, taking a slot, claiming it, telling what came of it, giving the slot back.
  [0, 1, 2, 3, 4].flatMap((place) => (['before', 'after'] as const).map((when) => [place, when] as const)),
)(
  'who is killed at write %i, %s it, loses nothing: it is sent, at once or when the claim has ended',
  async (place, when) => {
    const { sent, sender } = notedSender(() => 200);
    const world = openWebhookWorld(sender);
    const { id } = await world.endpoint({ url: 'https://example.com/' });
    const event = world.event();
    await expect(world.tell(event, through(world, dyingTable(world.table, place, when)))).rejects.toThrow(Killed);
    // The bus calls again after a while, and the sweep runs each minute.
    await world.tell(event);
    for (let minutes = 0; minutes < 3; minutes += 1) {
      world.now += 60_000;
      await world.sweep();
    }
    expect(await world.deliveries(id)).toMatchObject([{ state: 'succeeded' }]);
    // Killed after it was sent and before that was written: once more, by the same id.
    expect(sent).toHaveLength(place === 3 && when === 'before' ? 2 : 1);
    expect(new Set(sent.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([deliveryIdOf(event, id)]));
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
    world.close();
  },
);

it('many workers at once send an attempt once', async () => {
  const open: (() => void)[] = [];
  const sent: string[] = [];
  const world = openWebhookWorld({
    send: async ({ headers }) => {
      sent.push(headers['webhook-id'] ?? '');
      await new Promise<void>((resolve) => open.push(resolve));
      return { kind: 'answered', status: 200, body: '', truncated: false };
    },
  });
  await world.endpoint({ url: 'https://example.com/' });
  const event = world.event();
  const calls = [...Array.from({ length: 6 }, () => world.tell(event)), world.sweep(), world.sweep()];
  await expect.poll(() => open.length).toBe(1);
  world.now += 20_000;
  await Promise.all([world.sweep(), world.tell(event)]);
  for (const go of open) go();
  await Promise.all(calls);
  expect(sent).toHaveLength(1);
  world.close();
});

const types: readonly EventType[] = ['build.failed', 'build.succeeded', 'approval.decided', 'work.unwanted'];
const filters = fc.uniqueArray(fc.constantFrom('*', 'build.*', 'build.failed', 'approval.decided'), {
  minLength: 1,
  maxLength: 3,
});
const setup = fc.record({
  endpoints: fc.array(filters, { minLength: 1, maxLength: 4 }),
  /** How often each event comes; none: it is told by the outbox's own sweep, late. */
  events: fc.array(fc.record({ type: fc.constantFrom(...types), times: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 6,
  }),
  /** Shares of attempts that are refused. */
  refused: fc.constantFrom(0, 0.3, 0.6),
  seed: fc.integer(),
});

it('each event reaches each endpoint that wants it, at least once and by one id, whatever comes twice, in any order, or is killed (property)', async () => {
  const seen = { deliveries: 0, again: 0, killed: 0 };
  await fc.assert(
    fc.asyncProperty(setup, fc.scheduler(), async ({ endpoints, events, refused, seed }, scheduler) => {
      const random = new Random(seed);
      const { sent, sender } = notedSender(() => (random.next() < refused ? 500 : 200));
      const taken = new Map<string, number>();
      const world = openWebhookWorld({
        send: async (request) => {
          const answer = await sender.send(request);
          const id = request.headers['webhook-id'] ?? '';
          if (answer.kind === 'answered' && answer.status === 200) taken.set(id, (taken.get(id) ?? 0) + 1);
          return answer;
        },
      });
      const faulty = through(world, faultyTable(world.table, { conflict: 0.1, kill: 0.15 }, random));
      const made: { filter: string[]; id: string }[] = [];
      for (const [place, filter] of endpoints.entries()) {
        made.push({ filter, ...(await world.endpoint({ url: `https://example.com/${place}`, events: filter })) });
      }
      const approval = { approvalId: 'apr_1', gate: 'build', state: 'approved', specDigest: 'd', policies: [] };
      const told = events.map(({ type, times }) => {
        world.now += 7;
        const event = world.event(type);
        const detail = type === 'approval.decided' ? { ...event.detail, ...approval } : event.detail;
        return { times, event: { ...event, detail } };
      });
      const tolerant = async (work: () => Promise<unknown>): Promise<boolean> => {
        try {
          await work();
          return true;
        } catch (error) {
          if (!(error instanceof Killed || error instanceof ConditionFailed)) throw error;
          seen.killed += 1;
          return false;
        }
      };
      // The bus calls until a call comes to its end, and some that did so once more.
      const calls = told.flatMap(({ times, event }) =>
        Array.from({ length: times }, async () => {
          do await scheduler.schedule(Promise.resolve());
          while (!(await tolerant(() => world.tell(event, faulty))));
        }),
      );
      const done = await scheduler.waitFor(Promise.all(calls));
      expect(done).toHaveLength(calls.length);
      for (let minutes = 0; minutes < 40; minutes += 1) {
        world.now += minutes < 8 ? 60_000 : 7_200_000;
        await tolerant(() => world.sweep(faulty));
      }
      const wanted = told.flatMap(({ event }) =>
        made.flatMap(({ id, filter }) =>
          event.type !== 'work.unwanted' && wants({ events: filter }, event.type, undefined)
            ? [deliveryIdOf(event, id)]
            : [],
        ),
      );
      const states = (await Promise.all(made.map(({ id }) => world.deliveries(id)))).flat();
      expect(states.map(({ id }) => id).sort()).toEqual([...wanted].sort());
      for (const { id, state, attempts } of states) {
        if (state === 'succeeded') expect(taken.get(id) ?? 0, id).toBeGreaterThanOrEqual(1);
        // Given up only after all of its attempts.
        else expect([state, attempts >= 10 || state === 'pending']).toEqual([state, true]);
        seen.deliveries += 1;
        seen.again += (taken.get(id) ?? 0) > 1 ? 1 : 0;
      }
      if (refused === 0) expect(states.every(({ state }) => state === 'succeeded')).toBe(true);
      // One id goes to one endpoint, with one body.
      const bodies = new Map<string, Set<string>>();
      for (const { url, headers, body } of sent) {
        const id = headers['webhook-id'] ?? '';
        bodies.set(id, (bodies.get(id) ?? new Set()).add(`${url}\n${body}`));
      }
      expect([...bodies.values()].every((one) => one.size === 1)).toBe(true);
      expect([...bodies.keys()].every((id) => wanted.includes(id))).toBe(true);
      world.close();
    }),
    { numRuns: 60 },
  );
  // It says something only where all of this happened.
  expect(seen.deliveries).toBeGreaterThan(100);
  expect(seen.killed).toBeGreaterThan(20);
  expect(seen.again).toBeGreaterThan(0);
}, 120_000);

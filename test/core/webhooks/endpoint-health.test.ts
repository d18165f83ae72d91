import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebhookAnswer, WebhookRequest } from '../../../core/ports/webhook-sender.ts';
import { changeEndpoint, removeEndpoint } from '../../../core/webhooks/change-endpoint.ts';
import { findEndpoint } from '../../../core/webhooks/endpoint-repository.ts';
import { webhookLimits } from '../../../core/webhooks/limits.ts';
import { healthPlace } from '../../../core/webhooks/places.ts';
import { pingEndpoint } from '../../../core/webhooks/replay.ts';
import { mostTries, retrySeconds } from '../../../core/webhooks/schedule.ts';
import { actor, openWebhookWorld, tenantId, type WebhookWorld } from './webhook-world.ts';

const answered = (status: number): WebhookAnswer => ({ kind: 'answered', status, body: '', truncated: false });
let world: WebhookWorld;
let answer: (request: WebhookRequest) => Promise<WebhookAnswer>;
const sent: WebhookRequest[] = [];
beforeEach(() => {
  sent.splice(0);
  answer = async () => answered(204);
  world = openWebhookWorld({
    send: (request) => {
      sent.push(request);
      return answer(request);
    },
  });
});
afterEach(() => world.close());

const states = async (id: string) => (await world.deliveries(id)).map(({ state }) => state);
async function untilOver(id: string): Promise<void> {
  for (let sweeps = 0; (await states(id)).includes('pending'); sweeps += 1) {
    expect(sweeps).toBeLessThan(40);
    const due = (await world.deliveries(id)).flatMap(({ dueAt }) => (dueAt === undefined ? [] : [Date.parse(dueAt)]));
    world.now = Math.max(world.now, Math.min(...due));
    await world.sweep();
  }
}

describe('an endpoint', () => {
  it('is not disabled for one delivery where it took another at the time of its first attempt', async () => {
    const { id } = await world.endpoint({ url: 'https://hooks.example/' });
    const [one, other] = [world.event(), world.event()];
    const held = Promise.withResolvers<void>();
    answer = async ({ body }) => {
      if (body.includes(other.id)) return answered(500);
      await held.promise;
      return answered(204);
    };
    const taken = world.tell(one);
    await world.tell(other);
    world.now += 1_000;
    held.resolve();
    await taken;
    await untilOver(id);
    expect((await states(id)).sort()).toEqual(['failed', 'succeeded']);
    expect((await findEndpoint(world.table, tenantId, id))?.endpoint.enabled).toBe(true);
  });

  it('has no consequences of what the address before answers, and begins anew with another one', async () => {
    const { id } = await world.endpoint({ url: 'https://old.example/' });
    answer = async () => answered(500);
    await world.tell(world.event());
    expect((await findEndpoint(world.table, tenantId, id))?.health.failingSince).toBeDefined();
    answer = async () => {
      await changeEndpoint(world.ports, actor, id, { url: 'https://new.example/' });
      return answered(410);
    };
    await world.tell(world.event());
    await world.sweep();
    const found = await findEndpoint(world.table, tenantId, id);
    expect([found?.endpoint.url, found?.endpoint.enabled, found?.health]).toEqual(['https://new.example/', true, {}]);
  });

  it('is not disabled where it took something less than a minute after what is written down', async () => {
    const { id } = await world.endpoint({ url: 'https://hooks.example/' });
    await world.tell(world.event());
    world.now += 30_000;
    const refused = world.event();
    answer = async ({ body }) => answered(body.includes(refused.id) ? 500 : 204);
    // The other one is taken ten seconds after this one's first attempt.
    const held = Promise.withResolvers<void>();
    const taken = answer;
    answer = async (request) => {
      if (!request.body.includes(refused.id)) await held.promise;
      return taken(request);
    };
    const other = world.tell(world.event());
    const failed = world.tell(refused);
    world.now += 10_000;
    held.resolve();
    await Promise.all([other, failed]);
    await untilOver(id);
    expect((await states(id)).sort()).toEqual(['failed', 'succeeded', 'succeeded']);
    expect((await findEndpoint(world.table, tenantId, id))?.endpoint.enabled).toBe(true);
  });

  it('that did not answer last is left to the sweep, which no event waits for', async () => {
    const { id } = await world.endpoint({ url: 'https://hooks.example/' });
    answer = async () => answered(500);
    await world.tell(world.event());
    answer = async () => answered(204);
    await world.tell(world.event());
    expect([sent.length, await states(id)]).toEqual([1, ['pending', 'pending']]);
    await world.sweep();
    expect([sent.length, (await states(id)).sort()]).toEqual([2, ['pending', 'succeeded']]);
    // It answers again.
    await world.tell(world.event());
    expect(sent).toHaveLength(3);
  });

  it('that is removed during an attempt leaves nothing behind', async () => {
    const { id } = await world.endpoint({ url: 'https://hooks.example/' });
    answer = async () => {
      await removeEndpoint(world.ports, actor, id);
      return answered(500);
    };
    await world.tell(world.event());
    expect(await world.table.get(healthPlace(tenantId, id))).toBeUndefined();
  });
});

it('a delivery whose senders die each time is tried as often as one that fails, and given up', async () => {
  const { id } = await world.endpoint({ url: 'https://hooks.example/' });
  answer = () => Promise.reject(new Error('killed'));
  await world.tell(world.event()).catch(() => undefined);
  const began = world.now;
  for (let minutes = 0; (await states(id))[0] === 'pending' && minutes < 2_000; minutes += 1) {
    const [delivery] = await world.deliveries(id);
    world.now = Math.max(world.now, Date.parse(delivery?.dueAt ?? ''));
    await world.sweep().catch(() => undefined);
  }
  expect([await states(id), sent.length]).toEqual([['failed'], mostTries]);
  expect(new Set(sent.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(world.now - began).toBeGreaterThan(0.8 * 1_000 * retrySeconds.reduce((sum, seconds) => sum + seconds, 0));
  const [delivery] = await world.deliveries(id);
  const attempts = await world.attempts(delivery?.id ?? '');
  expect(attempts).toHaveLength(mostTries);
  expect(new Set(attempts.map(({ at }) => at)).size).toBe(mostTries);
  for (const { outcome, reason } of attempts)
    expect([outcome, reason]).toEqual(['failed', expect.stringContaining('not known')]);
});

it('a ping whose sender dies is sent once', async () => {
  const { id } = await world.endpoint({ url: 'https://hooks.example/' });
  answer = () => Promise.reject(new Error('killed'));
  await pingEndpoint(world.ports, actor, id, () => []);
  for (const event of await world.told('webhook.ping')) await world.tell(event).catch(() => undefined);
  await untilOver(id);
  expect([await states(id), sent.length]).toEqual([['failed'], 1]);
});

it('a sweep gives each tenant its turn, whatever others’ endpoints do', async () => {
  const hanging = [];
  for (let number = 0; number < webhookLimits.endpoints; number += 1) {
    hanging.push(await world.endpoint({ url: `https://hangs-${number}.example/` }));
  }
  // What is due to them is older than what is due to the other tenant.
  const lost = { ...world.ports, webhooks: { send: () => Promise.reject(new Error('killed')) } };
  for (let number = 0; number < 20; number += 1) await world.tell(world.event(), lost).catch(() => undefined);
  world.now += 1_000;
  const other = await world.endpoint({ url: 'https://takes.example/' }, 'ten_2');
  await world.tell({ ...world.event(), tenantId: 'ten_2' }, lost).catch(() => undefined);
  world.now += 600_000;
  let attempts = 0;
  answer = async ({ url }) => {
    if (url.includes('takes')) return answered(204);
    attempts += 1;
    // Four at once take fifteen seconds together.
    if (attempts % 4 === 0) world.now += webhookLimits.answerMilliseconds;
    return { kind: 'unanswered', reason: 'late' };
  };
  await world.sweep();
  expect(await states(other.id)).toEqual(['succeeded']);
  expect(attempts).toBeGreaterThan(4);
});

import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeEndpoint, removeEndpoint, rotateSecret } from '../../../core/webhooks/change-endpoint.ts';
import { getEndpoint } from '../../../core/webhooks/endpoint-repository.ts';
import { retrySeconds } from '../../../core/webhooks/schedule.ts';
import { answering, openReceiver, type Receiver } from '../../support/webhook-receiver.ts';
import { actor, openWebhookWorld, tenantId, type WebhookWorld } from './webhook-world.ts';

let world: WebhookWorld;
let receiver: Receiver;
beforeEach(async () => {
  world = openWebhookWorld();
  // The official library refuses what is older than five minutes of the machine's own time.
  world.now = Date.now();
  receiver = await openReceiver();
});
afterEach(async () => {
  await receiver.close();
  world.close();
});

const url = () => `http://127.0.0.1:${receiver.port}/hook`;
const states = async (id: string) => (await world.deliveries(id)).map(({ state }) => state);
const health = async (id: string) => (await getEndpoint(world.table, tenantId, id)).health;
const endpoint = async (id: string) => (await getEndpoint(world.table, tenantId, id)).endpoint;
/** Lets time pass until what is due next is due, and sweeps. */
async function nextAttempt(id: string): Promise<void> {
  const [due] = (await world.deliveries(id)).flatMap(({ dueAt }) => dueAt ?? []).sort();
  if (due === undefined) throw new Error('nothing is due');
  world.now = Math.max(world.now, Date.parse(due));
  await world.sweep();
}

describe('a delivery', () => {
  it('is verified by the official library, and tells the event', async () => {
    const { id, secret } = await world.endpoint({ url: url() });
    const event = world.event();
    await world.tell(event);
    const [got] = receiver.received;
    if (got === undefined) throw new Error('nothing came');
    expect(new Webhook(secret).verify(got.body, got.headers)).toEqual({
      ...{ type: 'build.failed', version: 1, timestamp: event.at, eventId: event.id, tenantId },
      data: { buildId: 'bld_1', code: 'script.failed' },
    });
    expect(() => new Webhook(secret).verify(got.body.replace('bld_1', 'bld_2'), got.headers)).toThrow();
    expect(got.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^whd_/),
    });
    const [delivery] = await world.deliveries(id);
    expect(delivery).toMatchObject({ id: got.headers['webhook-id'], state: 'succeeded', attempts: 1, status: 204 });
    const [attempt] = await world.attempts(delivery?.id ?? '');
    expect(attempt).toMatchObject({ number: 1, outcome: 'succeeded', status: 204 });
    expect(JSON.stringify(attempt)).not.toContain('v1,');
  });

  it('is verified with each secret that lives while they rotate, and with none that has ended', async () => {
    const { id, secret: first } = await world.endpoint({ url: url() });
    const { secret: second = '' } = await rotateSecret(world.ports, actor, id, 60);
    const { secret: third = '' } = await rotateSecret(world.ports, actor, id, 120);
    const verifies = async () => {
      receiver.received.splice(0);
      await world.tell(world.event());
      const [got] = receiver.received;
      if (got === undefined) throw new Error('nothing came');
      return [first, second, third].map((secret) => {
        try {
          return new Webhook(secret).verify(got.body, got.headers) !== undefined;
        } catch {
          return false;
        }
      });
    };
    expect(await verifies()).toEqual([true, true, true]);
    world.now += 61_000;
    expect(await verifies()).toEqual([false, true, true]);
    world.now += 60_000;
    expect(await verifies()).toEqual([false, false, true]);
    const { secret: fourth = '' } = await rotateSecret(world.ports, actor, id, 0);
    expect(await verifies()).toEqual([false, false, false]);
    const [got] = receiver.received;
    expect(new Webhook(fourth).verify(got?.body ?? '', got?.headers ?? {})).toBeDefined();
    expect((await endpoint(id)).secrets).toHaveLength(1);
  });

  it('goes once to each endpoint that wants it, however often its event comes', async () => {
    const all = await world.endpoint({ url: url() });
    const kind = await world.endpoint({ url: url(), events: ['build.*'] });
    const other = await world.endpoint({ url: url(), events: ['approval.*', 'build.succeeded'] });
    const event = world.event();
    await Promise.all([world.tell(event), world.tell(event), world.tell(event)]);
    await world.tell(event);
    expect([await states(all.id), await states(kind.id), await states(other.id)]).toEqual([
      ...[['succeeded'], ['succeeded'], []],
    ]);
    expect(receiver.received).toHaveLength(2);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  });

  it('is of a team’s builds alone where the endpoint is', async () => {
    const endpointOf = { url: url(), events: ['*'] };
    const { id } = await world.endpoint(endpointOf);
    const record = await endpoint(id);
    // The team itself is looked for by who makes the endpoint.
    await world.table.transact([
      {
        ...{ kind: 'put', key: { partition: `WEBHOOKS#${tenantId}`, sort: `ENDPOINT#${id}` } },
        data: { ...record, teamId: 'team_1', secrets: record.secrets.map((secret) => ({ ...secret })) },
      },
    ]);
    await world.tell(world.event('build.failed', { buildId: 'bld_1' }));
    await world.tell(world.event('build.failed', { buildId: 'bld_1', teamId: 'team_2' }));
    await world.tell(world.event('build.failed', { buildId: 'bld_3', teamId: 'team_1' }));
    expect(receiver.received.map(({ body }) => JSON.parse(body).data.buildId)).toEqual(['bld_3']);
  });

  it('is never of what goes between parts of the engine', async () => {
    const { id } = await world.endpoint({ url: url() });
    await world.tell(world.event('work.unwanted', { buildId: 'bld_1' }));
    expect(await states(id)).toEqual([]);
  });
});

describe('an endpoint that does not take it', () => {
  it.each([
    ['answers 500', answering(500, {}, 'sorry \u001b[31m\u202e'), { status: 500, response: 'sorry [31m' }],
    [
      'redirects',
      answering(307, { location: 'https://example.com/' }),
      { status: 307, reason: expect.stringContaining('not followed') },
    ],
    ['does not answer', () => undefined, { reason: 'It did not answer within 1 seconds.' }],
    [
      'hangs up',
      (_: unknown, response: { socket: { destroy(): void } | null }) => response.socket?.destroy(),
      { reason: 'The connection failed (ECONNRESET).' },
    ],
  ] as const)('and %s is tried again later with the same id', async (_, answer, told) => {
    const { id } = await world.endpoint({ url: url() });
    receiver.answer = answer;
    await world.tell(world.event());
    const [delivery] = await world.deliveries(id);
    expect(delivery).toMatchObject({ state: 'pending', attempts: 1 });
    expect((await world.attempts(delivery?.id ?? ''))[0]).toMatchObject({ outcome: 'failed', ...told });
    expect(await health(id)).toMatchObject({ failingSince: expect.any(String) });
    await world.sweep();
    expect(receiver.received).toHaveLength(1);
    receiver.answer = answering(200);
    await nextAttempt(id);
    expect(await states(id)).toEqual(['succeeded']);
    expect(await health(id)).toEqual({ arrivedAt: expect.any(String) });
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([delivery?.id, delivery?.id]);
    expect(receiver.received[0]?.body).toBe(receiver.received[1]?.body);
    expect((await world.attempts(delivery?.id ?? '')).map(({ number }) => number)).toEqual([2, 1]);
  });

  it('is told of for three days, then given up and disabled, with notice', async () => {
    const { id } = await world.endpoint({ url: url(), events: ['build.*'] });
    const watcher = await world.endpoint({ url: url(), events: ['webhook.disabled'] });
    receiver.answer = answering(500);
    const began = world.now;
    await world.tell(world.event());
    for (let tries = 0; tries < retrySeconds.length; tries += 1) {
      expect(await states(id)).toEqual(['pending']);
      await nextAttempt(id);
    }
    expect(await states(id)).toEqual(['failed']);
    expect(receiver.received).toHaveLength(retrySeconds.length + 1);
    const days = (world.now - began) / 86_400_000;
    expect(days).toBeGreaterThan(2.7);
    expect(days).toBeLessThan(3.6);
    expect(await endpoint(id)).toMatchObject({ enabled: false, disabled: { reason: 'failing' } });
    expect(await world.audited()).toContain('webhook.disabled');
    const [notice, ...more] = await world.told('webhook.disabled');
    expect(more).toEqual([]);
    expect(notice?.detail).toEqual({ webhookId: id, reason: 'failing', failingSince: new Date(began).toISOString() });
    receiver.answer = answering(200);
    if (notice !== undefined) await world.tell(notice);
    expect(await states(watcher.id)).toEqual(['succeeded']);
    // What comes now is kept for a replay, and not sent.
    await world.tell(world.event());
    expect(await states(id)).toEqual(['skipped', 'failed']);
    expect(receiver.received).toHaveLength(retrySeconds.length + 2);
    await changeEndpoint(world.ports, actor, id, { enabled: true });
    expect(await endpoint(id)).not.toHaveProperty('disabled');
    expect(await health(id)).toEqual({});
  });

  it('stays enabled where it took another event in those days', async () => {
    const { id } = await world.endpoint({ url: url() });
    const refused = world.event();
    receiver.answer = (received, response) =>
      answering(received.body.includes(refused.id) ? 400 : 200)(received, response);
    await world.tell(refused);
    for (let tries = 0; tries < retrySeconds.length; tries += 1) {
      if (tries === 4) await world.tell(world.event());
      if (tries === 4) await world.sweep();
      await nextAttempt(id);
    }
    expect((await states(id)).sort()).toEqual(['failed', 'succeeded']);
    expect(await endpoint(id)).toMatchObject({ enabled: true });
  });

  it('and says that it is gone is disabled at once', async () => {
    const { id } = await world.endpoint({ url: url() });
    receiver.answer = answering(410);
    await world.tell(world.event());
    expect(await states(id)).toEqual(['failed']);
    expect(await endpoint(id)).toMatchObject({ enabled: false, disabled: { reason: 'gone' } });
    expect((await world.told('webhook.disabled')).map(({ detail }) => detail)).toEqual([
      { webhookId: id, reason: 'gone' },
    ]);
  });

  it('is left alone for as long as it asks, within bounds, by all events', async () => {
    const { id } = await world.endpoint({ url: url() });
    receiver.answer = answering(429, { 'retry-after': '600' });
    await world.tell(world.event());
    receiver.answer = answering(200);
    await world.tell(world.event());
    await world.sweep();
    expect(receiver.received).toHaveLength(1);
    const asked = new Date(world.now + 600_000).toISOString();
    expect((await world.deliveries(id)).map(({ dueAt }) => dueAt)).toEqual([asked, asked]);
    await nextAttempt(id);
    expect(await states(id)).toEqual(['succeeded', 'succeeded']);
    receiver.answer = answering(503, { 'retry-after': new Date(world.now + 7 * 86_400_000).toUTCString() });
    await world.tell(world.event());
    const [last] = await world.deliveries(id);
    expect(last?.dueAt).toBe(new Date(world.now + 86_400_000).toISOString());
  });

  it('is sent nothing more when it is disabled or removed meanwhile', async () => {
    const [off, gone] = [await world.endpoint({ url: url() }), await world.endpoint({ url: url() })];
    receiver.answer = answering(500);
    await world.tell(world.event());
    await changeEndpoint(world.ports, actor, off.id, { enabled: false });
    await removeEndpoint(world.ports, actor, gone.id);
    // Both were due by then.
    world.now += 3_600_000;
    await world.sweep();
    // Of what was removed nobody sees the log, which is forgotten in time.
    expect([await states(off.id), await states(gone.id)]).toEqual([['skipped'], ['pending']]);
    expect(receiver.received).toHaveLength(2);
    expect(await world.audited()).toEqual(
      expect.arrayContaining(['webhook.created', 'webhook.changed', 'webhook.removed']),
    );
  });

  it('keeps nobody else waiting: of many that are due a few are tried, and others have their turn', async () => {
    const silent = await openReceiver();
    silent.answer = () => undefined;
    const bad = await world.endpoint({ url: `http://127.0.0.1:${silent.port}/` });
    const good = await world.endpoint({ url: url() });
    await changeEndpoint(world.ports, actor, bad.id, { enabled: false });
    const events = Array.from({ length: 12 }, () => world.event());
    receiver.answer = answering(500);
    for (const event of events) await world.tell(event);
    await changeEndpoint(world.ports, actor, bad.id, { enabled: true });
    receiver.answer = answering(200);
    world.now += 3_600_000;
    await world.sweep();
    // Each lane to one endpoint ends with its first failure.
    while ((await states(good.id)).includes('pending')) await world.sweep();
    expect(new Set(await states(good.id))).toEqual(new Set(['succeeded']));
    await silent.close();
  });
});

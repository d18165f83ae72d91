import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createWebhookSender } from '../../../adapters/network/webhook-sender.ts';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { pendingPlace } from '../../../core/audit/places.ts';
import { eventEnvelope } from '../../../core/events/envelope.ts';
import type { EventType } from '../../../core/events/event.ts';
import { newEvent, overdueEvents } from '../../../core/events/outbox.ts';
import { webhookLimits } from '../../../core/webhooks/limits.ts';
import {
  deliveryDetailSchema,
  deliveryViewSchema,
  madeWebhookSchema,
  webhookViewSchema,
} from '../../../core/webhooks/views.ts';
import { handle } from '../../../functions/events/deliver-webhook/deliver-webhook.ts';
import { principalWith, teamOfTenant } from '../../support/teams.ts';
import { answering, openReceiver, type Receiver } from '../../support/webhook-receiver.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { type Answer, call, problemOf } from './http-call.ts';

const listSchema = z.object({ webhooks: z.array(webhookViewSchema) });
const deliveriesSchema = z.object({ deliveries: z.array(deliveryViewSchema), cursor: z.string().optional() });

/** Where events are sent to: over the API, as the engine sends them. */
export function describeWebhooks(api: () => ApiUnderTest): void {
  describe('webhooks', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    let receiver: Receiver;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('webhooks'), api().tenant('others')]);
      receiver = await openReceiver();
    });
    afterAll(() => receiver.close());

    const send = (method: string, path: string, body?: unknown, key = one.keys.admin, headers = {}) =>
      call(`${api().url}/v1/webhooks${path}`, {
        ...{ method, key, headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const url = 'https://hooks.example.com/in?token=hush';
    const make = async (content: object = {}) =>
      madeWebhookSchema.parse((await send('POST', '', { url, events: ['*'], ...content })).json());
    const refusal = (answer: Answer) => [answer.status, problemOf(answer).code];
    /** The engine's own part: to the receiver, wherever the webhook is. */
    const ports = () => {
      const sender = createWebhookSender({ privateHosts: ['127.0.0.1'] });
      const to = `http://127.0.0.1:${receiver.port}/`;
      return {
        ...api().ports,
        webhooks: { send: (request: Parameters<typeof sender.send>[0]) => sender.send({ ...request, url: to }) },
      };
    };
    const tell = (type: EventType = 'build.failed', tenantId = one.tenantId) =>
      handle(
        ports(),
        eventEnvelope({ ...newEvent(api().ports, 'build.failed', tenantId, { buildId: 'bld_1' }), type }),
      );
    const tellOutbox = async (type: EventType, webhookId: string) => {
      const events = await overdueEvents(api().ports.table, new Date(8.64e15));
      for (const event of events) {
        if (event.type === type && event.detail.webhookId === webhookId) await handle(ports(), eventEnvelope(event));
      }
    };
    const deliveries = async (id: string, query = '') =>
      deliveriesSchema.parse((await send('GET', `/${id}/deliveries${query}`)).json());
    const remove = (id: string) => send('DELETE', `/${id}`);

    it('are made with a secret that is shown once, listed, read, changed and removed; each is written down', async () => {
      const answer = await send('POST', '', { url, events: ['build.failed', 'build.*'], description: 'chat' });
      expect(answer.status).toBe(201);
      const { webhook, secret = '' } = madeWebhookSchema.parse(answer.json());
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(webhook).toMatchObject({ url, events: ['build.*', 'build.failed'], enabled: true, description: 'chat' });
      const { id } = webhook;
      const shown = [await send('GET', ''), await send('GET', `/${id}`)];
      expect(listSchema.parse(shown[0]?.json()).webhooks).toEqual([webhook]);
      expect(webhookViewSchema.parse(shown[1]?.json())).toEqual(webhook);
      for (const { text } of shown) expect(text).not.toContain('whsec_');
      const stored = await api().ports.table.query({ partition: `WEBHOOKS#${one.tenantId}`, limit: 100 });
      expect(JSON.stringify(stored.records)).not.toContain(secret.slice(6, 40));

      const changed = await send('PATCH', `/${id}`, { events: ['approval.*'], enabled: false });
      expect(changed.json()).toMatchObject({ ...{ url, events: ['approval.*'] }, disabled: { reason: 'asked' } });
      expect((await send('PATCH', `/${id}`, { enabled: true })).json()).not.toHaveProperty('disabled');
      expect((await remove(id)).json()).toEqual({ removed: true });
      expect(refusal(await remove(id))).toEqual([404, 'webhook.not_found']);

      const { partition } = pendingPlace(one.tenantId, 'aud_0');
      const { records } = await api().ports.table.query({ partition, limit: 1_000 });
      const entries = records.map(({ data }) => auditEntrySchema.parse(data)).filter(({ target }) => target === id);
      expect(entries.map(({ action }) => action)).toEqual([
        ...['webhook.created', 'webhook.changed', 'webhook.changed', 'webhook.removed'],
      ]);
      expect(entries[0]?.detail).toMatchObject({ origin: 'https://hooks.example.com' });
      expect(JSON.stringify(entries)).not.toContain('hush');
    });

    it('are made once by one key, and the secret is told once', async () => {
      const once = () => send('POST', '', { url, events: ['*'] }, one.keys.admin, { 'Idempotency-Key': 'wh-1' });
      const [first, again] = [await once(), await once()];
      expect([first.status, again.status]).toEqual([201, 200]);
      const [made, found] = [first, again].map((answer) => madeWebhookSchema.parse(answer.json()));
      expect(found?.webhook.id).toBe(made?.webhook.id);
      expect([typeof made?.secret, found?.secret]).toEqual(['string', undefined]);
      await remove(made?.webhook.id ?? '');
    });

    it.each([
      ['http://hooks.example.com/', 'not https'],
      ['https://127.0.0.1/', 'no public address'],
      ['https://0x7f.1/', 'no public address'],
      ['https://[::ffff:10.0.0.1]/', 'no public address'],
      ['https://user:pw@example.com/', 'user or password'],
      ['https://example.com:25/', 'port'],
      ['https://localhost/', 'one label'],
      ['nonsense', 'no address'],
    ])('are not sent to %s', async (refused, reason) => {
      const answer = await send('POST', '', { url: refused, events: ['*'] });
      expect(refusal(answer)).toEqual([422, 'webhook.url_refused']);
      expect(problemOf(answer).errors?.[0]).toMatchObject({
        ...{ path: 'url', code: 'webhook.url_refused', reason: expect.stringContaining(reason) },
        remedy: expect.stringMatching(/\w/),
      });
    });

    it('take events that there are, of teams that there are', async () => {
      for (const events of [[], ['build.exploded'], ['work.*'], ['work.ended'], ['webhook.ping'], ['b*']]) {
        const answer = await send('POST', '', { url, events });
        expect(refusal(answer), events.join()).toEqual([400, 'request.invalid']);
        expect(problemOf(answer).errors?.[0]?.path).toMatch(/^events/);
      }
      expect(refusal(await send('POST', '', { url, events: ['*'], teamId: 'team_none' }))).toEqual([
        404,
        'team.not_found',
      ]);
      const operator = await principalWith(api().ports, one.keys.operator);
      const teamId = await teamOfTenant(api().ports, operator, 'hooks');
      const { webhook } = await make({ teamId });
      expect(webhook.teamId).toBe(teamId);
      expect((await send('PATCH', `/${webhook.id}`, { teamId: null })).json()).not.toHaveProperty('teamId');
      await remove(webhook.id);
    });

    it('are sent, logged by pages and states, and shown with request and answer', async () => {
      const { webhook, secret = '' } = await make();
      const { id } = webhook;
      receiver.answer = answering(200, {}, 'yes');
      await tell('build.cancelled');
      await tell('build.started', other.tenantId);
      const got = receiver.received.at(-1);
      receiver.answer = answering(500, {}, 'no');
      await tell();
      expect(new Webhook(secret).verify(got?.body ?? '', got?.headers ?? {})).toMatchObject({
        type: 'build.cancelled',
      });
      const first = await deliveries(id, '?limit=1');
      const second = await deliveries(id, `?limit=1&cursor=${encodeURIComponent(first.cursor ?? '')}`);
      expect([...first.deliveries, ...second.deliveries].map(({ state }) => state).sort()).toEqual([
        'pending',
        'succeeded',
      ]);
      expect((await deliveries(id, '?state=pending')).deliveries).toMatchObject([{ status: 500, attempts: 1 }]);
      expect((await deliveries(id, '?state=failed')).deliveries).toEqual([]);
      const [pending] = (await deliveries(id, '?state=pending')).deliveries;
      const shown = await send('GET', `/${id}/deliveries/${pending?.id}`);
      expect(deliveryDetailSchema.parse(shown.json())).toMatchObject({
        payload: { type: 'build.failed', data: { buildId: 'bld_1' } },
        tried: [{ number: 1, status: 500, response: 'no', requestHeaders: { 'webhook-id': pending?.id } }],
      });
      expect(shown.text).not.toMatch(/whsec_|v1,/);
      const health = async () => webhookViewSchema.parse((await send('GET', `/${id}`)).json()).failingSince;
      expect(await health()).toBeDefined();

      receiver.answer = answering(200, {}, 'yes');
      const again = await send('POST', `/${id}/deliveries/${pending?.id}:replay`);
      expect([again.status, again.json()]).toMatchObject([202, { state: 'pending' }]);
      await tellOutbox('webhook.replayed', id);
      expect(await health()).toBeUndefined();
      expect((await deliveries(id, '?state=succeeded')).deliveries).toHaveLength(2);
      expect(receiver.received.at(-1)?.headers['webhook-id']).toBe(pending?.id);
      const range = {
        from: new Date(Date.now() - 60_000).toISOString(),
        to: new Date(Date.now() + 60_000).toISOString(),
      };
      expect((await send('POST', `/${id}/deliveries:replay`, range)).json()).toEqual({ replayed: 0 });
      const all = await send('POST', `/${id}/deliveries:replay`, { ...range, state: 'succeeded' });
      expect([all.status, all.json()]).toEqual([202, { replayed: 2 }]);
      const missing = `whd_${'0'.repeat(26)}`;
      expect(refusal(await send('GET', `/${id}/deliveries/${missing}`))).toEqual([404, 'webhook.delivery_not_found']);
      await remove(id);
    });

    it('are pinged, and given other secrets', async () => {
      const { webhook, secret: before } = await make({ enabled: false });
      const { id } = webhook;
      const ping = await send('POST', `/${id}:ping`);
      expect(ping.status).toBe(202);
      receiver.answer = answering(200, {}, 'pong');
      await tellOutbox('webhook.ping', id);
      const { id: deliveryId } = deliveryViewSchema.parse(ping.json());
      const shown = deliveryDetailSchema.parse((await send('GET', `/${id}/deliveries/${deliveryId}`)).json());
      expect(shown).toMatchObject({ type: 'webhook.ping', state: 'succeeded', tried: [{ response: 'pong' }] });

      const rotated = madeWebhookSchema.parse((await send('POST', `/${id}:rotate`)).json());
      expect(rotated.secret).not.toBe(before);
      expect(rotated.webhook.secrets.map(({ version }) => version)).toEqual([2, 1]);
      for (let rotations = 2; rotations < webhookLimits.secrets; rotations += 1) await send('POST', `/${id}:rotate`);
      expect(refusal(await send('POST', `/${id}:rotate`))).toEqual([409, 'webhook.secrets_too_many']);
      const last = await send('POST', `/${id}:rotate`, { overlapSeconds: 0 });
      expect(madeWebhookSchema.parse(last.json()).webhook.secrets).toHaveLength(1);
      expect(refusal(await send('POST', `/${id}:rotate`, { overlapSeconds: -1 }))).toEqual([400, 'request.invalid']);
      await remove(id);
    });

    it('of another tenant are like missing ones', async () => {
      const { webhook } = await make();
      const { id } = webhook;
      await tell();
      const [delivery] = (await deliveries(id)).deliveries;
      const key = other.keys.owner;
      expect(listSchema.parse((await send('GET', '', undefined, key)).json()).webhooks).toEqual([]);
      const range = { from: new Date(0).toISOString(), to: new Date().toISOString() };
      const tries = [
        ...(['GET', 'DELETE'] as const).map((method) => send(method, `/${id}`, undefined, key)),
        send('PATCH', `/${id}`, { enabled: false }, key),
        ...['rotate', 'ping'].map((verb) => send('POST', `/${id}:${verb}`, undefined, key)),
        send('GET', `/${id}/deliveries`, undefined, key),
        send('GET', `/${id}/deliveries/${delivery?.id}`, undefined, key),
        send('POST', `/${id}/deliveries/${delivery?.id}:replay`, undefined, key),
        send('POST', `/${id}/deliveries:replay`, range, key),
      ];
      for (const answer of await Promise.all(tries)) expect(refusal(answer)).toEqual([404, 'webhook.not_found']);
      await remove(id);
    });

    it('are as many as there may be, and no more', async () => {
      const made = [];
      for (let count = 0; count < webhookLimits.endpoints; count += 1) made.push(await make());
      expect(refusal(await send('POST', '', { url, events: ['*'] }))).toEqual([409, 'webhook.too_many']);
      for (const { webhook } of made) await remove(webhook.id);
      await remove((await make()).webhook.id);
    });
  });
}

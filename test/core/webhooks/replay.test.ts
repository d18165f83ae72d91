import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../../core/events/event.ts';
import { changeEndpoint } from '../../../core/webhooks/change-endpoint.ts';
import { listDeliveries } from '../../../core/webhooks/delivery-repository.ts';
import { pingEndpoint, replayDelivery, replayRange } from '../../../core/webhooks/replay.ts';
import { answering, openReceiver, type Receiver } from '../../support/webhook-receiver.ts';
import { actor, openWebhookWorld, type WebhookWorld } from './webhook-world.ts';

let world: WebhookWorld;
let receiver: Receiver;
beforeEach(async () => {
  world = openWebhookWorld();
  receiver = await openReceiver();
});
afterEach(async () => {
  await receiver.close();
  world.close();
});

const make = () => world.endpoint({ url: `http://127.0.0.1:${receiver.port}/` });
const idsGot = () => receiver.received.map(({ headers }) => headers['webhook-id']);
/** Tells what the outbox has of a type, and empties it. */
async function tellOutbox(type: EngineEvent['type']): Promise<number> {
  const events = await world.told(type);
  for (const event of events) await world.tell(event);
  return events.length;
}

describe('a ping', () => {
  it('is sent once, also to an endpoint that is not enabled, and means nothing for it', async () => {
    const { id } = await make();
    await changeEndpoint(world.ports, actor, id, { enabled: false });
    receiver.answer = answering(410);
    const ping = await pingEndpoint(world.ports, actor, id, () => []);
    expect(await tellOutbox('webhook.ping')).toBe(1);
    await tellOutbox('webhook.ping');
    expect(idsGot()).toEqual([ping.id]);
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      type: 'webhook.ping',
      data: { webhookId: id },
    });
    expect(await world.deliveries(id)).toMatchObject([{ id: ping.id, state: 'failed', status: 410 }]);
    expect(await world.told('webhook.disabled')).toEqual([]);
    expect(await world.audited()).toContain('webhook.pinged');
  });

  it('goes to the one that it is for, and is tried by the sweep where its event is lost', async () => {
    const [one, other] = [await make(), await make()];
    await pingEndpoint(world.ports, actor, one.id, () => []);
    await world.sweep();
    await tellOutbox('webhook.ping');
    expect(receiver.received).toHaveLength(1);
    expect(await world.deliveries(other.id)).toEqual([]);
  });
});

describe('a replay', () => {
  it('sends a delivery again with its id and body, and goes on counting its attempts', async () => {
    const { id } = await make();
    await world.tell(world.event());
    const [delivery] = await world.deliveries(id);
    const deliveryId = delivery?.id ?? '';
    await replayDelivery(world.ports, actor, id, deliveryId);
    expect(await tellOutbox('webhook.replayed')).toBe(1);
    await tellOutbox('webhook.replayed');
    expect(idsGot()).toEqual([deliveryId, deliveryId]);
    expect(receiver.received[0]?.body).toBe(receiver.received[1]?.body);
    expect(await world.deliveries(id)).toMatchObject([{ state: 'succeeded', attempts: 2, tries: 1 }]);
    expect(await world.attempts(deliveryId)).toHaveLength(2);
    await expect(replayDelivery(world.ports, actor, id, `whd_${'0'.repeat(26)}`)).rejects.toMatchObject({
      code: 'webhook.delivery_not_found',
    });
  });

  it('of a range sends what was missed in it and nothing else, over pages, once', async () => {
    const { id } = await make();
    await changeEndpoint(world.ports, actor, id, { enabled: false });
    const minute = 60_000;
    const begin = world.now;
    const missed: string[] = [];
    for (let number = 0; number < 250; number += 1) {
      const event = world.event();
      await world.tell(event);
      missed.push(event.id);
      world.now += minute;
    }
    await changeEndpoint(world.ports, actor, id, { enabled: true });
    const range = {
      from: new Date(begin + 20 * minute),
      to: new Date(begin + 240 * minute),
      state: 'skipped' as const,
    };
    let replayed = 0;
    let cursor: string | undefined;
    do {
      const page = await replayRange(world.ports, actor, id, range, cursor);
      replayed += page.replayed;
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(replayed).toBe(220);
    for (let sweeps = 0; sweeps < 5; sweeps += 1) await world.sweep();
    const got = receiver.received.map(({ body }) => String(JSON.parse(body).eventId));
    expect(got.sort()).toEqual(missed.slice(20, 240).sort());
    expect(await replayRange(world.ports, actor, id, range)).toEqual({ replayed: 0 });
    const left = await listDeliveries(world.table, id, 'skipped', world.clock.now(), { limit: 100 });
    expect(left.deliveries).toHaveLength(30);
  });

  it('leaves a delivery alone that is being tried', async () => {
    const { id } = await make();
    const meanwhile: Promise<unknown>[] = [];
    receiver.answer = (received, response) => {
      meanwhile.push(
        replayDelivery(world.ports, actor, id, received.headers['webhook-id'] ?? '').then(() =>
          response.writeHead(200).end(),
        ),
      );
    };
    await world.tell(world.event());
    await Promise.all(meanwhile);
    expect(await world.deliveries(id)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    expect(await world.told('webhook.replayed')).toEqual([]);
  });
});

it('what is older than thirty days is shown to nobody', async () => {
  const { id } = await make();
  await world.tell(world.event());
  world.now += 29 * 86_400_000;
  expect(await world.deliveries(id)).toHaveLength(1);
  world.now += 2 * 86_400_000;
  expect(await world.deliveries(id)).toEqual([]);
});

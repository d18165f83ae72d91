import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toJsonObject } from '../../../core/json.ts';
import type { Table } from '../../../core/ports/table.ts';
import type { WebhookAnswer } from '../../../core/ports/webhook-sender.ts';
import { deliveryWrite, newDelivery } from '../../../core/webhooks/delivery.ts';
import { endpointsPartitions, slotPlace } from '../../../core/webhooks/places.ts';
import { openWebhookWorld, tenantId, type WebhookWorld } from './webhook-world.ts';

const taken: WebhookAnswer = { kind: 'answered', status: 204, body: '', truncated: false };
const late: WebhookAnswer = { kind: 'unanswered', reason: 'late' };
let world: WebhookWorld;
let sent: string[];
/** Answers that are waited for, of addresses that hang. */
let hanging: (() => void)[];
beforeEach(() => {
  [sent, hanging] = [[], []];
  world = openWebhookWorld({
    send: async ({ url }) => {
      sent.push(url);
      if (url.includes('fails')) return late;
      if (url.includes('hangs')) await new Promise<void>((resolve) => hanging.push(resolve));
      return taken;
    },
  });
});
afterEach(() => world.close());

const states = async (id: string) => (await world.deliveries(id)).map(({ state }) => state).sort();
const until = async (done: () => boolean) => {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
};

describe('calls that wait for the endpoints of one tenant', () => {
  it('are two at once: what else happens is written down and left to the sweep, and others are sent theirs', async () => {
    const slow = await world.endpoint({ url: 'https://hangs.example/' });
    const other = await world.endpoint({ url: 'https://takes.example/' }, 'ten_2');
    const waiting = [world.tell(world.event()), world.tell(world.event())];
    await until(() => hanging.length === 2);
    expect(await world.tell(world.event())).toEqual({ left: 1 });
    expect(await world.tell({ ...world.event(), tenantId: 'ten_2' })).toEqual({ succeeded: 1 });
    expect(await states(other.id)).toEqual(['succeeded']);
    for (const end of hanging) end();
    await Promise.all(waiting);
    const sweeping = world.sweep();
    await until(() => hanging.length === 3);
    hanging[2]?.();
    await sweeping;
    expect(await states(slow.id)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    // Both places are free again.
    const next = world.tell(world.event());
    await until(() => hanging.length === 4);
    hanging[3]?.();
    expect(await next).toEqual({ succeeded: 1 });
  });

  it('are free again a minute after who had them died', async () => {
    await world.endpoint({ url: 'https://takes.example/' });
    const ends = new Date(world.now + 60_000).toISOString();
    for (const slot of [0, 1]) {
      await world.table.transact([{ kind: 'put', key: slotPlace(tenantId, slot), data: { until: ends } }]);
    }
    expect(await world.tell(world.event())).toEqual({ left: 1 });
    world.now += 60_001;
    expect(await world.tell(world.event())).toEqual({ succeeded: 1 });
  });
});

describe('a sweep', () => {
  /** Has as many deliveries to an endpoint be due, since before anything else. */
  async function backlog(endpointId: string, count: number): Promise<void> {
    const before = new Date(world.now - 3_600_000);
    for (let at = 0; at < count; at += 50) {
      const events = Array.from({ length: 50 }, () => world.event());
      await world.table.transact(events.map((event) => deliveryWrite(newDelivery(event, endpointId, before), 0)));
    }
  }
  const due = async (endpointId: string, tenant = tenantId) => {
    const event = { ...world.event(), tenantId: tenant };
    await world.table.transact([deliveryWrite(newDelivery(event, endpointId, new Date(world.now)), 0)]);
  };

  it('comes by each endpoint, however much is due to others, with as many reads', async () => {
    const failing = await world.endpoint({ url: 'https://fails.example/' });
    const own = await world.endpoint({ url: 'https://takes-own.example/' });
    const other = await world.endpoint({ url: 'https://takes.example/' }, 'ten_2');
    await backlog(failing.id, 2_000);
    await due(own.id);
    await due(other.id, 'ten_2');
    let queries = 0;
    const table: Table = {
      get: (key) => world.table.get(key),
      query: (query) => {
        queries += 1;
        return world.table.query(query);
      },
      transact: (writes) => world.table.transact(writes),
    };
    await world.sweep({ ...world.ports, table });
    expect([await states(own.id), await states(other.id)]).toEqual([['succeeded'], ['succeeded']]);
    expect(sent.filter((url) => url.includes('fails'))).toHaveLength(4);
    expect(queries).toBe(endpointsPartitions.length + 3);
  });

  it('sends what it can where it cannot read something, and says so', async () => {
    const { id } = await world.endpoint({ url: 'https://takes.example/' });
    const other = await world.endpoint({ url: 'https://takes.example/' }, 'ten_2');
    // As a newer engine wrote it, which was rolled back.
    const delivery = newDelivery(world.event(), id, new Date(world.now - 1_000));
    const write = deliveryWrite(delivery, 0);
    if (write.kind !== 'put') throw new Error('a delivery is put');
    await world.table.transact([{ ...write, data: toJsonObject({ ...delivery, type: 'build.exploded' }) }]);
    await due(id);
    await due(other.id, 'ten_2');
    await expect(world.sweep()).rejects.toThrow(/type/);
    expect(sent).toHaveLength(2);
    expect(await states(other.id)).toEqual(['succeeded']);
  });
});

import { eventDetail, isPublic } from '../events/catalogue.ts';
import type { EngineEvent } from '../events/event.ts';
import { ConditionFailed, type TableRecord } from '../ports/table.ts';
import { withSlot } from '../slots.ts';
import { attemptDelivery, type DeliverPorts, type DeliveryName, type Looked, skipped } from './attempt.ts';
import { deliveryIdOf, deliveryWrite, newDelivery } from './delivery.ts';
import { pingType, wants } from './endpoint.ts';
import { readEndpoints } from './endpoint-repository.ts';
import { duePartition, endpointPrefix, endpointsPartitions } from './places.ts';
import { tenantSlots } from './slots.ts';
import { atOnce, type Lane, Turns } from './turns.ts';

/** What came of some deliveries, by how often. left: they are the sweep's. */
export type Tally = Partial<Record<Looked | 'left', number>>;

/** Milliseconds after which a sweep begins no more attempts: the next one goes on. */
const sweepBudget = 40_000;

/** Milliseconds for which a sweep looks for what is due before it begins: what it has not come by, the next one has first. */
const readBudget = 15_000;

/** Endpoints that a sweep reads at a time, and due deliveries of one that it takes up. */
const endpointPage = 200;
const ofEndpoint = 50;

/**
 * Has an event sent to each endpoint that wants it: writes down a delivery for each, once however often the event comes,
 * and tries it at once, where the tenant has a slot for that (slots.ts): a call that waits for an answer takes the place of
 * others. What it has no slot for, and an endpoint that did not answer last, is left to the sweep. A ping, or what is
 * replayed, names its delivery.
 * @throws what an attempt throws, after all have been made
 */
export async function deliverEvent(ports: DeliverPorts, event: EngineEvent): Promise<Tally> {
  const names = await namesFor(ports, event);
  if (names.length === 0) return {};
  return (await withSlot(ports, tenantSlots(event.tenantId), () => tryAll(ports, names))) ?? { left: names.length };
}

/** The deliveries of an event that are to be tried at once, each written down. */
async function namesFor(ports: DeliverPorts, event: EngineEvent): Promise<readonly DeliveryName[]> {
  const { table, clock } = ports;
  const { id, type, tenantId, at, detail } = event;
  if (type === 'webhook.replayed' || type === pingType) {
    const { webhookId, deliveryId } = eventDetail(event);
    const endpointId = String(webhookId);
    const named = type === pingType ? deliveryIdOf({ id, at }, endpointId) : String(deliveryId);
    return [{ tenantId, endpointId, deliveryId: named }];
  }
  if (!isPublic(type)) return [];
  const endpoints = await readEndpoints(table, tenantId);
  const wanted = endpoints.filter(({ endpoint }) => wants(endpoint, type, detail.teamId));
  const names = await Promise.all(
    wanted.map(async ({ endpoint, health }): Promise<DeliveryName[]> => {
      const now = clock.now();
      const made = newDelivery(event, endpoint.id, now);
      try {
        await table.transact([deliveryWrite(endpoint.enabled ? made : skipped(made, now), 0)]);
      } catch (error) {
        // The event came before.
        if (!(error instanceof ConditionFailed)) throw error;
      }
      const isFailing = health.failingSince !== undefined;
      return isFailing ? [] : [{ tenantId, endpointId: endpoint.id, deliveryId: made.id }];
    }),
  );
  return names.flat();
}

async function tryAll(ports: DeliverPorts, names: readonly DeliveryName[]): Promise<Tally> {
  const tally: Tally = {};
  const looks = await Promise.allSettled(names.map((name) => attemptDelivery(ports, name)));
  for (const look of looks) if (look.status === 'fulfilled') count(tally, look.value);
  for (const look of looks) if (look.status === 'rejected') throw look.reason;
  return tally;
}

function count(tally: Tally, looked: Looked): void {
  tally[looked] = (tally[looked] ?? 0) + 1;
}

/**
 * Tries deliveries that are due: those that failed before, and those whose event's own attempt did not come to its end.
 * Tenants take turns and so do their endpoints (turns.ts), and one that does not answer is left to the next sweep after some, so
 * that nobody waits for somebody else's endpoint for long. Safe to repeat, to be cut short, and to be done by two at once.
 */
export async function sweepDeliveries(ports: DeliverPorts): Promise<Tally> {
  const { clock } = ports;
  const turns = await takeUp(ports);
  const ends = clock.now().getTime() + sweepBudget;
  const tally: Tally = {};
  const failures: unknown[] = [];
  const run = async ({ queue }: Lane): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      if (clock.now().getTime() >= ends) return;
      try {
        const looked = await attemptDelivery(ports, name);
        count(tally, looked);
        if (looked === 'failed') return;
      } catch (error) {
        failures.push(error);
        return;
      }
    }
  };
  await Promise.all(
    Array.from({ length: atOnce.all }, async () => {
      for (let lane = turns.take(); lane !== undefined; lane = turns.take()) {
        await run(lane);
        turns.end(lane);
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
  return tally;
}

/** What is due of each endpoint. Each minute begins with other endpoints: however many there are, all come to their turn. */
async function takeUp({ table, clock }: DeliverPorts): Promise<Turns> {
  const turns = new Turns();
  const began = clock.now();
  const first = Math.floor(began.getTime() / 60_000);
  const isLate = (): boolean => clock.now().getTime() - began.getTime() >= readBudget;
  for (let at = 0; at < endpointsPartitions.length && !isLate(); at += 1) {
    const partition = endpointsPartitions[(first + at) % endpointsPartitions.length] ?? '';
    let cursor: string | undefined;
    do {
      const page = await table.query({
        ...{ index: 'byState', partition, limit: endpointPage },
        ...(cursor === undefined ? {} : { cursor }),
      });
      const endpoints = [...page.records];
      const read = async (): Promise<void> => {
        for (let one = endpoints.shift(); one !== undefined && !isLate(); one = endpoints.shift()) {
          for (const name of await dueOf({ table }, one, began)) turns.add(name);
        }
      };
      await Promise.all(Array.from({ length: atOnce.all }, read));
      cursor = page.cursor;
    } while (cursor !== undefined && !isLate());
  }
  turns.widen();
  return turns;
}

/** Names of deliveries to an endpoint that are due, read from their index alone: it may lag, and each is read again. */
async function dueOf(
  { table }: Pick<DeliverPorts, 'table'>,
  { key, indexes }: TableRecord,
  now: Date,
): Promise<DeliveryName[]> {
  const endpointId = key.sort.slice(endpointPrefix.length);
  const tenantId = indexes.byState?.sort.slice(0, -endpointId.length - 1) ?? '';
  const { records } = await table.query({
    ...{ index: 'byState', partition: duePartition(endpointId), limit: ofEndpoint },
  });
  const isDue = (record: TableRecord): boolean =>
    (record.indexes.byState?.sort.split('#')[0] ?? '') <= now.toISOString();
  return records.filter(isDue).map((record) => ({ tenantId, endpointId, deliveryId: record.key.sort }));
}

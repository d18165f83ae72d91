import { eventDetail, isPublic } from '../events/catalogue.ts';
import type { EngineEvent } from '../events/event.ts';
import { ConditionFailed, type TableRecord } from '../ports/table.ts';
import { attemptDelivery, type DeliverPorts, type DeliveryName, type Looked, skipped } from './attempt.ts';
import { deliveryIdOf, deliveryWrite, newDelivery, readDelivery } from './delivery.ts';
import { pingType, wants } from './endpoint.ts';
import { readEndpoints } from './endpoint-repository.ts';
import { duePartitions } from './places.ts';
import { atOnce, type Lane, Turns } from './turns.ts';

/** What came of some deliveries, by how often. */
export type Tally = Partial<Record<Looked, number>>;

/** Milliseconds after which a sweep begins no more attempts: the next one goes on. */
const sweepBudget = 40_000;

/**
 * Due deliveries that a sweep reads in each shard, a page at a time: it reads on past endpoints of which it has enough, until
 * it has taken up so many.
 */
const pageSize = 200;
const pagesOfShard = 40;
const mostTaken = 5_000;

/**
 * Has an event sent to each endpoint that wants it: writes down a delivery for each, once however often the event comes,
 * and tries it at once. One that did not answer last is left to the sweep: a call that waits for it would take the place of
 * others. A ping, or what is replayed, names its delivery.
 * @throws what an attempt throws, after all have been made
 */
export async function deliverEvent(ports: DeliverPorts, event: EngineEvent): Promise<Tally> {
  const { table, clock } = ports;
  const { id, type, tenantId, at, detail } = event;
  if (type === 'webhook.replayed' || type === pingType) {
    const { webhookId, deliveryId } = eventDetail(event);
    const endpointId = String(webhookId);
    const named = type === pingType ? deliveryIdOf({ id, at }, endpointId) : String(deliveryId);
    return tryAll(ports, [{ tenantId, endpointId, deliveryId: named }]);
  }
  if (!isPublic(type)) return {};
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
  return tryAll(ports, names.flat());
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
  const ends = clock.now().getTime() + sweepBudget;
  const turns = new Turns();
  for (const partition of duePartitions) {
    const before = turns.size;
    for await (const record of dueRecords(ports, partition)) {
      const { id: deliveryId, tenantId, endpointId } = readDelivery(record).delivery;
      turns.add({ tenantId, endpointId, deliveryId });
      if (turns.size - before >= mostTaken / duePartitions.length) break;
    }
  }
  turns.widen();
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

/** Records of a shard that are due, the one that is so for the longest first. The index may lag: each is read again. */
async function* dueRecords({ table, clock }: DeliverPorts, partition: string): AsyncGenerator<TableRecord> {
  const now = clock.now().toISOString();
  let cursor: string | undefined;
  for (let pages = 0; pages < pagesOfShard; pages += 1) {
    const page = await table.query({
      ...{ index: 'byState', partition, limit: pageSize },
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const record of page.records) {
      const dueAt = record.indexes.byState?.sort.split('#')[0] ?? '';
      if (dueAt > now) return;
      yield record;
    }
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
}

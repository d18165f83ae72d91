import { untilDone } from '../access/attempts.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { newEvent, outboxOf } from '../events/outbox.ts';
import { ConditionFailed, type TableRecord, type TableWrite } from '../ports/table.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import {
  type DeliveryRecord,
  type DeliveryState,
  deliveryWrite,
  expiryFrom,
  newDelivery,
  readDelivery,
  timeDigits,
} from './delivery.ts';
import { getDelivery } from './delivery-repository.ts';
import { pingType } from './endpoint.ts';
import { type EndpointPorts, getEndpoint } from './endpoint-repository.ts';
import { deliveriesOfState, deliveryPlace } from './places.ts';

/** Deliveries that one call replays at most, and those that it looks at for that. */
const mostReplayed = 500;
const pageSize = 100;
const mostPages = 20;

/**
 * Sends `webhook.ping` to an endpoint, enabled or not, once. It is tried by whoever hears of its event.
 * @returns the delivery, which has not been tried yet
 * @throws EngineError webhook.not_found
 */
export async function pingEndpoint(
  ports: EndpointPorts,
  actor: Actor,
  endpointId: string,
  remember: Remember,
): Promise<DeliveryRecord> {
  const { table, clock } = ports;
  const { tenantId } = actor;
  const { endpoint } = await getEndpoint(table, tenantId, endpointId);
  const now = clock.now();
  const event = newEvent(ports, pingType, tenantId, { webhookId: endpoint.id });
  const delivery = newDelivery(event, endpoint.id, now);
  await table.transact([
    deliveryWrite(delivery, 0),
    outboxOf(event),
    auditWrite(ports, actor, { action: 'webhook.pinged', target: endpoint.id, detail: { delivery: delivery.id } }),
    ...remember(delivery.id),
  ]);
  return delivery;
}

/** A delivery as it begins anew: with the same id and body, and as many attempts before it. */
function again(delivery: DeliveryRecord, now: Date): DeliveryRecord {
  const { endedAt: _, triedAt: __, claimedUntil: ___, reason: ____, status: _____, ...rest } = delivery;
  return {
    ...{ ...rest, state: 'pending', tries: 0, dueAt: now.toISOString() },
    expires: Math.max(delivery.expires, expiryFrom(now)),
  };
}

/**
 * Sends a delivery again, however it ended; one that is still being tried is tried at once.
 * @throws EngineError webhook.not_found, webhook.delivery_not_found, service.unavailable
 */
export async function replayDelivery(
  ports: EndpointPorts,
  actor: Actor,
  endpointId: string,
  deliveryId: string,
): Promise<DeliveryRecord> {
  const { table, clock } = ports;
  const { tenantId } = actor;
  await getEndpoint(table, tenantId, endpointId);
  return untilDone(async () => {
    const now = clock.now();
    const { delivery, version } = await getDelivery(table, endpointId, deliveryId, now);
    // It is being tried at this moment.
    if (delivery.claimedUntil !== undefined && new Date(delivery.claimedUntil) > now) return delivery;
    const next = again(delivery, now);
    const event = newEvent(ports, 'webhook.replayed', tenantId, { webhookId: endpointId, deliveryId });
    const entry = { action: 'webhook.replayed', target: endpointId, detail: { delivery: deliveryId } } as const;
    try {
      await table.transact([deliveryWrite(next, version), outboxOf(event), auditWrite(ports, actor, entry)]);
      return next;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      return undefined;
    }
  });
}

/** Which deliveries are replayed: those of events from one time to before another, that stand so. */
export interface ReplayRange {
  readonly from: Date;
  readonly to: Date;
  readonly state: Exclude<DeliveryState, 'pending'>;
}

/**
 * Has the deliveries of a range sent again, the latest first, some hundred a call: they are due at once, and the next
 * sweep tries them.
 * @param cursor as the call before answered it
 * @throws EngineError webhook.not_found, service.unavailable
 */
export async function replayRange(
  ports: EndpointPorts,
  actor: Actor,
  endpointId: string,
  range: ReplayRange,
  cursor?: string,
): Promise<{ readonly replayed: number; readonly cursor?: string }> {
  const { table } = ports;
  await getEndpoint(table, actor.tenantId, endpointId);
  const [first, last] = [timeDigits(range.from), timeDigits(range.to)];
  const { partition } = deliveriesOfState(endpointId, range.state, '');
  let replayed = 0;
  let at = cursor;
  for (let pages = 0; pages < mostPages && replayed + pageSize <= mostReplayed; pages += 1) {
    const page = await table.query({
      ...{ index: 'byTenant', partition, descending: true, limit: pageSize },
      // What both ends begin with narrows the range down.
      sortPrefix: `whd_${commonBegin(first, last)}`,
      ...(at === undefined ? {} : { cursor: at }),
    });
    const due = page.records.filter(({ key }) => {
      const digits = key.sort.slice('whd_'.length, 'whd_'.length + first.length);
      return digits >= first && digits < last;
    });
    replayed += await replayAll(ports, actor, endpointId, range, due);
    at = page.cursor;
    if (at === undefined) break;
  }
  return { replayed, ...(at === undefined ? {} : { cursor: at }) };
}

/** Replays some deliveries, at most a page, in one transaction where nobody changes one of them meanwhile. */
async function replayAll(
  ports: EndpointPorts,
  actor: Actor,
  endpointId: string,
  range: ReplayRange,
  records: readonly TableRecord[],
): Promise<number> {
  const { table, clock } = ports;
  let left = records.map(({ key }) => key.sort);
  let replayed = 0;
  // A transaction holds a hundred writes: half of a page with an entry of the log fits well.
  const half = Math.ceil(pageSize / 2);
  while (left.length > 0) {
    const ids = left.slice(0, half);
    left = left.slice(half);
    replayed += await untilDone(async () => {
      const now = clock.now();
      const stored = await Promise.all(ids.map((id) => table.get(deliveryPlace(endpointId, id))));
      const writes: TableWrite[] = stored.flatMap((record) => {
        const found = record === undefined ? undefined : readDelivery(record);
        if (found?.delivery.state !== range.state) return [];
        return [deliveryWrite(again(found.delivery, now), found.version)];
      });
      if (writes.length === 0) return 0;
      const detail = {
        ...{ from: range.from.toISOString(), to: range.to.toISOString() },
        ...{ state: range.state, deliveries: writes.length },
      };
      const entry = auditWrite(ports, actor, { action: 'webhook.replayed', target: endpointId, detail });
      try {
        await table.transact([...writes, entry]);
        return writes.length;
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        return undefined;
      }
    });
  }
  return replayed;
}

function commonBegin(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return one.slice(0, length);
}

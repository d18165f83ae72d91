import { isPublic } from '../../../core/events/catalogue.ts';
import type { Table } from '../../../core/ports/table.ts';
import { type DeliveryRecord, deliveryIdOf, readDelivery } from '../../../core/webhooks/delivery.ts';
import { endpointRecordSchema } from '../../../core/webhooks/endpoint.ts';
import { readEndpoints } from '../../../core/webhooks/endpoint-repository.ts';
import { deliveryPlace, duePartition, endpointsPartitions } from '../../../core/webhooks/places.ts';
import { refusing } from './receiver.ts';
import type { Storm } from './state.ts';

/** Deliveries that are to be tried, or tried again. */
export async function dueDeliveries(table: Table): Promise<DeliveryRecord[]> {
  const listed = (partitions: readonly string[]) =>
    Promise.all(partitions.map((partition) => table.query({ index: 'byState', partition, limit: 1_000 })));
  const endpoints = (await listed(endpointsPartitions)).flatMap(({ records }) => records);
  const pages = await listed(endpoints.map(({ data }) => duePartition(endpointRecordSchema.parse(data).id)));
  return pages.flatMap(({ records }) => records.map((record) => readDelivery(record).delivery));
}

/** Events that did not reach their endpoint, or not under one name with one body. */
export async function delivered(storm: Storm): Promise<string[]> {
  const { observer, receiver, addresses, weather, tenants } = storm;
  const wrong: string[] = [];
  const names = new Map<string, string>();
  const takesNothing = new Set(tenants.filter((_, number) => refusing.has(weather.manners[number] ?? 'takes')));
  for (const event of observer.events) {
    const url = addresses.get(event.tenantId);
    if (url === undefined || !isPublic(event.type)) continue;
    const came = receiver.received.filter((one) => one.url === url && eventIdOf(one.body) === event.id);
    const isTaken = came.some(({ wasTaken }) => wasTaken) || takesNothing.has(event.tenantId);
    if (!isTaken) wrong.push(`${event.type} ${event.id} did not arrive`);
    const ids = new Set(came.map(({ id }) => id));
    if (ids.size > 1) wrong.push(`${event.id} came under ${ids.size} names`);
    if (new Set(came.map(({ body }) => body)).size > 1) wrong.push(`${event.id} came with different bodies`);
    for (const id of ids) {
      const other = names.get(id);
      if (other !== undefined) wrong.push(`${event.id} and ${other} came under one name`);
      names.set(id, event.id);
    }
  }
  const known = new Set(observer.events.map(({ id }) => id));
  for (const { body, url } of receiver.received) {
    if (!known.has(eventIdOf(body))) wrong.push(`${eventIdOf(body)} came and was never told`);
    const event = observer.events.find(({ id }) => id === eventIdOf(body));
    if (event !== undefined && addresses.get(event.tenantId) !== url) wrong.push(`${event.id} came to another tenant`);
  }
  return [...wrong, ...(await refused(storm)), ...(await unclaimed(storm))];
}

/** Requests that nobody had claimed: each is preceded by a claim of its own, which counts an attempt. */
async function unclaimed({ engine, tenants, receiver }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const tenantId of tenants) {
    for (const { endpoint } of await readEndpoints(engine.table, tenantId)) {
      const { partition } = deliveryPlace(endpoint.id, '');
      const { records } = await engine.table.query({ partition, limit: 1_000 });
      for (const record of records) {
        const { id, attempts } = readDelivery(record).delivery;
        const came = receiver.received.filter((one) => one.id === id).length;
        if (came > attempts) wrong.push(`${id} came ${came} times in ${attempts} attempts`);
      }
    }
  }
  return wrong;
}

/**
 * What is wrong with the deliveries of endpoints that take nothing: of one that is gone none is tried any more once it has said
 * so; one that never answers well keeps all of them for three days.
 */
async function refused({ engine, observer, receiver, weather, tenants, addresses }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const [number, tenantId] of tenants.entries()) {
    const manner = weather.manners[number];
    if (manner === undefined || !refusing.has(manner)) continue;
    const isGone = manner === 'is gone';
    const [stored] = await readEndpoints(engine.table, tenantId);
    const events = observer.events.filter(({ tenantId: of, type }) => of === tenantId && isPublic(type));
    const wasAsked = receiver.received.some(({ url }) => url === addresses.get(tenantId));
    if (stored === undefined || stored.endpoint.enabled === (isGone && wasAsked)) {
      wrong.push(
        `the endpoint of ${tenantId}, which ${manner}, is ${stored?.endpoint.enabled === true ? 'on' : 'off'}`,
      );
    }
    for (const event of events) {
      const record = await engine.table.get(
        deliveryPlace(stored?.endpoint.id ?? '', deliveryIdOf(event, stored?.endpoint.id ?? '')),
      );
      const state = record === undefined ? 'missing' : readDelivery(record).delivery.state;
      const expected = isGone ? ['failed', 'skipped'] : ['pending'];
      if (!expected.includes(state)) wrong.push(`${event.type} ${event.id} is ${state} for an endpoint that ${manner}`);
    }
  }
  return wrong;
}

const eventIdOf = (body: string): string => String(Object(JSON.parse(body)).eventId);

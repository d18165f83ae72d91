import { z } from 'zod';
import { outboxKey, shardCount } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { Ids } from '../ports/ids.ts';
import type { Table, TableChange, TableWrite } from '../ports/table.ts';
import { type EventDetail, eventCatalogue } from './catalogue.ts';
import { type EngineEvent, type EventType, engineEventSchema } from './event.ts';

/**
 * The write that puts an event into the outbox. It belongs into the transaction of the change that the event tells of,
 * so that neither is there without the other; the table's stream publishes it.
 * @param detail by the catalogue
 */
export function outboxWrite<T extends EventType>(
  ports: { clock: Clock; ids: Ids },
  type: T,
  tenantId: string,
  detail: EventDetail<T>,
): TableWrite {
  return outboxOf(newEvent(ports, type, tenantId, detail));
}

/** An event of now, for whom its id matters; it is told by `outboxOf`. */
export function newEvent<T extends EventType>(
  ports: { clock: Clock; ids: Ids },
  type: T,
  tenantId: string,
  detail: EventDetail<T>,
): EngineEvent {
  const { version } = eventCatalogue[type];
  const at = ports.clock.now().toISOString();
  return { id: ports.ids.next('evt'), type, version, tenantId, at, detail: toJsonObject(detail) };
}

/** The write that puts an event into the outbox, as `outboxWrite` does. */
export const outboxOf = (event: EngineEvent): TableWrite => ({
  ...{ kind: 'put', key: outboxKey(event.id), data: toJsonObject(event), condition: { kind: 'absent' } },
});

/** The events that changes of the table put into the outbox. */
export function outboxEvents(changes: readonly TableChange[]): EngineEvent[] {
  return changes
    .filter((change) => change.key.partition.startsWith('OUTBOX#') && change.before === undefined)
    .flatMap((change) => (change.after === undefined ? [] : [engineEventSchema.parse(change.after.data)]));
}

/**
 * Events that have lain in the outbox since before `before`: what the stream should have published. What this version does
 * not know, left there by a later one, stays for that, and its age is told (`oldestEventAt`).
 */
export async function overdueEvents(table: Table, before: Date): Promise<EngineEvent[]> {
  const shards = await Promise.all(
    Array.from({ length: shardCount }, (_, shard) => table.query({ partition: `OUTBOX#${shard}`, limit: 100 })),
  );
  return shards
    .flatMap((page) => page.records.flatMap((record) => engineEventSchema.safeParse(record.data).data ?? []))
    .filter((event) => new Date(event.at) < before);
}

/** Of an event of any version. */
const placedSchema = z.looseObject({ at: z.iso.datetime() });

/** When the oldest event of the outbox was put there; undefined where none waits. */
export async function oldestEventAt(table: Table): Promise<Date | undefined> {
  // Ids sort by their time: the first of each shard is its oldest.
  const shards = await Promise.all(
    Array.from({ length: shardCount }, (_, shard) => table.query({ partition: `OUTBOX#${shard}`, limit: 1 })),
  );
  const times = shards.flatMap(({ records }) => records.map(({ data }) => Date.parse(placedSchema.parse(data).at)));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** Publishes events and deletes what was accepted; the rest stays in the outbox for the next sweep. */
export async function publishEvents(
  ports: { table: Table; bus: EventBus },
  events: readonly EngineEvent[],
): Promise<number> {
  if (events.length === 0) return 0;
  const accepted = await ports.bus.publish(events);
  await Promise.all(accepted.map((id) => ports.table.transact([{ kind: 'delete', key: outboxKey(id) }])));
  return accepted.length;
}

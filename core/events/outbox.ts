import { outboxKey } from '../builds/keys.ts';
import type { JsonObject } from '../digest.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { TableWrite } from '../ports/table.ts';
import type { EngineEvent, EventType } from './event.ts';

/**
 * The write that puts an event into the outbox. It belongs into the transaction of the change that the event tells of,
 * so that neither is there without the other; the table's stream publishes it.
 */
export function outboxWrite(
  ports: { clock: Clock; ids: Ids },
  type: EventType,
  tenantId: string,
  detail: JsonObject,
): TableWrite {
  const event: EngineEvent = {
    id: ports.ids.next('evt'),
    type,
    version: 1,
    tenantId,
    at: ports.clock.now().toISOString(),
    detail,
  };
  return { kind: 'put', key: outboxKey(event.id), data: { ...event }, condition: { kind: 'absent' } };
}

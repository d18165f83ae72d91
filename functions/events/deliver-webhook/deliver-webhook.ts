import type { JsonValue } from '../../../core/digest.ts';
import { readTrigger } from '../../../core/events/envelope.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { DeliverPorts } from '../../../core/webhooks/attempt.ts';
import { deliverEvent, sweepDeliveries } from '../../../core/webhooks/deliver.ts';

/**
 * Sends an event to the webhooks that want it, at once; on a schedule's tick, what is to be tried again and what an
 * event's own attempt left undone. Safe to repeat.
 */
export async function handle(ports: DeliverPorts, input: unknown): Promise<JsonValue> {
  const trigger = readTrigger(input);
  if (trigger.kind !== 'event') return toJsonObject(await sweepDeliveries(ports));
  return toJsonObject(await deliverEvent(ports, trigger.event));
}

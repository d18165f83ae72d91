import type { JsonValue } from '../../../core/digest.ts';
import { readTrigger } from '../../../core/events/envelope.ts';
import { toJsonObject } from '../../../core/json.ts';
import { hearEvent } from '../../../core/plugins/hearings/hear.ts';
import { sweepHearings } from '../../../core/plugins/hearings/sweep.ts';
import type { HearPorts } from '../../../core/plugins/hearings/tell.ts';

/**
 * Tells an event to the plugins of its tenant that hear it, at once; on a schedule's tick, what is to be told again and what
 * an event's own call left undone. Safe to repeat.
 */
export async function handle(ports: HearPorts, input: unknown): Promise<JsonValue> {
  const trigger = readTrigger(input);
  // A run ends by its own limits, and a call by its budget: nobody asks for an earlier end.
  const { signal } = new AbortController();
  if (trigger.kind !== 'event') return toJsonObject(await sweepHearings(ports, signal));
  return toJsonObject(await hearEvent(ports, trigger.event, signal));
}

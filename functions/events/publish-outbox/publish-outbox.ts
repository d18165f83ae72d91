import { z } from 'zod';
import type { JsonValue } from '../../../core/digest.ts';
import { engineEventSchema } from '../../../core/events/event.ts';
import { overdueEvents, publishEvents } from '../../../core/events/outbox.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/** What the table's stream hands over: the events that its changes put into the outbox. */
const streamInputSchema = z.strictObject({ events: z.array(engineEventSchema) });

/** Milliseconds after which the stream should have published an event. */
const overdue = 60_000;

/** Publishes the outbox: what the stream names, or on a schedule's tick what is older than a minute. */
export async function handle(ports: Pick<Ports, 'table' | 'bus' | 'clock'>, input: unknown): Promise<JsonValue> {
  const stream = streamInputSchema.safeParse(input);
  const events = stream.success
    ? stream.data.events
    : await overdueEvents(ports.table, new Date(ports.clock.now().getTime() - overdue));
  return { published: await publishEvents(ports, events), of: events.length };
}

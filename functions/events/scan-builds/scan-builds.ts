import type { JsonValue } from '../../../core/digest.ts';
import { eventCatalogue } from '../../../core/events/catalogue.ts';
import { readTrigger } from '../../../core/events/envelope.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { throwAll } from '../../../core/retention/task.ts';
import { walkImages } from '../../../core/scans/scan-walk.ts';

/** Milliseconds of one call: its time limit leaves room for the last images, and one machine for everything else. */
const walksWithin = 60_000;

/**
 * Scans the stored images that are due, where vulnerability data is another or a day has begun: some a call, and the rest by
 * an event.
 * @throws AggregateError where something failed that nobody foresaw, after all the rest
 */
export async function handle(
  ports: Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids'>,
  input: unknown,
): Promise<JsonValue> {
  const trigger = readTrigger(input);
  if (trigger.kind !== 'event') throw new Error('scans of stored builds are asked for by an event');
  const from = eventCatalogue['vulnerabilities.rescan'].detail.parse(trigger.event.detail);
  const { looked, scanned, goesOn, errors } = await walkImages(ports, from, {
    within: walksWithin,
    walk: from.walk ?? trigger.event.id,
  });
  throwAll(errors);
  return { looked, scanned, goesOn };
}

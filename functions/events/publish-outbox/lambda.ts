import { z } from 'zod';
import { changesFromStreamRecords } from '../../../adapters/dynamodb/stream-changes.ts';
import { outboxEvents } from '../../../core/events/outbox.ts';
import { toJson } from '../../../core/json.ts';
import { bindFunction } from '../../shared/aws/function-lambda.ts';
import { handle } from './publish-outbox.ts';

/** The table's stream calls with records; the schedule calls without. */
const streamEventSchema = z.object({ Records: z.array(z.unknown()) });

export const handler = bindFunction((ports, input) => {
  const stream = streamEventSchema.safeParse(input);
  if (!stream.success) return handle(ports, input);
  const events = outboxEvents(changesFromStreamRecords(stream.data.Records));
  return handle(ports, toJson({ events }));
});

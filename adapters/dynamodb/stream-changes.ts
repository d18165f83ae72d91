import { z } from 'zod';
import { EngineError } from '../../core/errors.ts';
import type { TableChange } from '../../core/ports/table.ts';
import { storedItemSchema } from './attribute-value.ts';
import { keyOf, recordOf } from './record-item.ts';

const streamRecords = z.array(
  z.object({
    dynamodb: z.object({
      Keys: storedItemSchema,
      OldImage: storedItemSchema.optional(),
      NewImage: storedItemSchema.optional(),
    }),
  }),
);

/**
 * Reads the records of the table's stream, as Lambda's event (`event.Records`) or the streams API (`Records`) holds
 * them, in their order.
 * @throws EngineError internal.error where a record is not one of this table's stream with both images.
 */
export function changesFromStreamRecords(records: unknown): TableChange[] {
  const parsed = streamRecords.safeParse(records);
  if (!parsed.success) {
    throw new EngineError('internal.error', 'The event holds no records of the table’s stream.', {
      cause: parsed.error,
    });
  }
  return parsed.data.map(({ dynamodb: { Keys, OldImage, NewImage } }) => ({
    key: keyOf(Keys),
    ...(OldImage === undefined ? {} : { before: recordOf(OldImage) }),
    ...(NewImage === undefined ? {} : { after: recordOf(NewImage) }),
  }));
}

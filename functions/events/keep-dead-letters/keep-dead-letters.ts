import { z } from 'zod';
import { messageSchema } from '../../../core/dead-letters/message.ts';
import { keepLetter } from '../../../core/dead-letters/repository.ts';
import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';

const batchSchema = z.looseObject({ Records: z.array(messageSchema) });

/**
 * Writes down what was given up, so that operators see it and can have it done again. Messages that it could not write
 * down are named in the answer, and come again.
 */
export async function handle(ports: Pick<Ports, 'table' | 'clock' | 'ids'>, input: unknown): Promise<JsonValue> {
  const failures: string[] = [];
  let cause: unknown;
  const { Records: messages } = batchSchema.parse(input);
  for (const message of messages) {
    try {
      await keepLetter(ports, message);
    } catch (error) {
      cause = error;
      failures.push(message.messageId);
    }
  }
  // Where nothing could be written down the call has failed, and the log says why.
  if (failures.length === messages.length && failures.length > 0) throw cause;
  return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
}

import type { JsonObject } from '../../core/digest.ts';
import type { DeadLetter } from './event-bus.ts';

/**
 * What Lambda sends to the queue of dead letters where an asynchronous call has failed for the last time, so that the
 * same function keeps it here (functions/events/keep-dead-letters).
 * @param messageId one for each time that a delivery is given up
 */
export function deadLetterMessage({ target, envelope, attempts, reason }: DeadLetter, messageId: string): JsonObject {
  const [, errorType = 'Error', errorMessage = reason] = /^(\w+): ([\s\S]*)$/.exec(reason) ?? [];
  const { id, time, source, detail, 'detail-type': type } = envelope;
  return {
    Records: [
      {
        messageId,
        body: JSON.stringify({
          requestContext: { functionArn: target, condition: 'RetriesExhausted', approximateInvokeCount: attempts },
          requestPayload: { id, time, source, detail, 'detail-type': type },
          responsePayload: { errorType, errorMessage },
        }),
      },
    ],
  };
}

import { z } from 'zod';
import { readTrigger, type Trigger } from '../events/envelope.ts';
import { tryJson } from '../json.ts';

/** A message of the queue of dead letters, as SQS delivers it. */
export const messageSchema = z.looseObject({
  messageId: z.string().min(1),
  body: z.string(),
  messageAttributes: z.record(z.string(), z.looseObject({ stringValue: z.string().optional() })).default({}),
});
export type Message = z.infer<typeof messageSchema>;

/** What a message tells of a call that failed. */
export interface FailedCall {
  readonly source: string;
  readonly error: string;
  readonly attempts: number;
  /** What the function was called with; undefined where that cannot be read. */
  readonly trigger: Trigger | undefined;
}

/** What Lambda sends where an asynchronous call has failed for the last time. */
const destinationSchema = z.looseObject({
  requestContext: z.looseObject({ functionArn: z.string(), approximateInvokeCount: z.number().int().min(1) }),
  requestPayload: z.unknown(),
  responsePayload: z.looseObject({ errorMessage: z.string().optional(), errorType: z.string().optional() }).optional(),
});

/**
 * Reads a message, whoever sent it: Lambda, whose function failed; EventBridge, which could not call one; the bus of one
 * machine, which writes what Lambda does; or the table's stream, whose records hold no event.
 */
export function readMessage({ body, messageAttributes }: Message): FailedCall {
  const content = tryJson(body);
  const failed = destinationSchema.safeParse(content);
  if (failed.success) {
    const { requestContext, requestPayload, responsePayload } = failed.data;
    const { errorType = 'Error', errorMessage = 'it gave no reason' } = responsePayload ?? {};
    return {
      source: functionName(requestContext.functionArn),
      error: `${errorType}: ${errorMessage}`,
      attempts: requestContext.approximateInvokeCount,
      trigger: tryTrigger(requestPayload),
    };
  }
  const attribute = (name: string): string | undefined => messageAttributes[name]?.stringValue;
  const retries = Number(attribute('RETRY_ATTEMPTS') ?? 0);
  return {
    source: functionName(attribute('TARGET_ARN') ?? streamSource(content) ?? 'unknown'),
    error: [attribute('ERROR_CODE'), attribute('ERROR_MESSAGE')].filter(Boolean).join(': ') || 'it gave no reason',
    attempts: Number.isSafeInteger(retries) && retries >= 0 ? retries + 1 : 1,
    trigger: tryTrigger(content),
  };
}

const streamSchema = z.looseObject({ requestContext: z.looseObject({ functionArn: z.string() }) });

function streamSource(content: unknown): string | undefined {
  const parsed = streamSchema.safeParse(content);
  return parsed.success ? parsed.data.requestContext.functionArn : undefined;
}

/** `arn:aws:lambda:region:account:function:name:qualifier`, or a name. */
function functionName(arn: string): string {
  return (arn.split(':function:')[1] ?? arn).split(':')[0]?.slice(0, 256) || 'unknown';
}

function tryTrigger(payload: unknown): Trigger | undefined {
  try {
    return readTrigger(payload);
  } catch {
    return undefined;
  }
}

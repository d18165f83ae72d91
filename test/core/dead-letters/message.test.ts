import { describe, expect, it } from 'vitest';
import { messageSchema, readMessage } from '../../../core/dead-letters/message.ts';
import { eventEnvelope, executionEnvelope, scheduleEnvelope } from '../../../core/events/envelope.ts';
import type { EngineEvent } from '../../../core/events/event.ts';

const event: EngineEvent = {
  ...{ id: 'evt_1', type: 'build.queued', version: 1, tenantId: 'ten_1', at: '2026-11-01T10:00:00.000Z' },
  detail: { buildId: 'bld_1' },
};
const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:lbuild-dispatch-builds-1A2B:$LATEST';
const read = (body: unknown, attributes: Record<string, string> = {}) =>
  readMessage(
    messageSchema.parse({
      messageId: 'm-1',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      messageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue, dataType: 'String' }]),
      ),
      attributes: { SentTimestamp: '1' },
    }),
  );
const destination = (requestPayload: unknown, responsePayload?: unknown) => ({
  ...{ version: '1.0', timestamp: '2026-11-01T10:00:00.000Z', requestPayload, responsePayload },
  requestContext: { requestId: 'r', functionArn: arn, condition: 'RetriesExhausted', approximateInvokeCount: 3 },
});

describe('a message of the queue of dead letters', () => {
  it('is what Lambda sends of a function that threw at an event', () => {
    expect(read(destination(eventEnvelope(event), { errorType: 'TypeError', errorMessage: 'x is gone' }))).toEqual({
      ...{ source: 'lbuild-dispatch-builds-1A2B', error: 'TypeError: x is gone', attempts: 3 },
      trigger: { kind: 'event', event },
    });
    expect(read(destination(eventEnvelope(event))).error).toBe('Error: it gave no reason');
  });

  it('is what EventBridge sends of an event that it could not deliver', () => {
    const envelope = executionEnvelope({ name: 'bld_1', status: 'FAILED', input: {} }, 'e', new Date(0));
    const attributes = {
      ...{ TARGET_ARN: arn, RULE_ARN: 'arn:aws:events:eu-west-1:123456789012:rule/x', RETRY_ATTEMPTS: '8' },
      ...{ ERROR_CODE: 'THROTTLING', ERROR_MESSAGE: 'Rate exceeded' },
    };
    expect(read({ version: '0', account: '1', ...envelope }, attributes)).toMatchObject({
      ...{ source: 'lbuild-dispatch-builds-1A2B', error: 'THROTTLING: Rate exceeded', attempts: 9 },
      trigger: { kind: 'execution', change: { name: 'bld_1' } },
    });
  });

  it('may be of a schedule, of the table’s stream, or of nobody knows what', () => {
    expect(read(destination(scheduleEnvelope('s', new Date(0)))).trigger).toEqual({ kind: 'schedule' });
    const stream = {
      requestContext: { functionArn: arn, condition: 'RetryAttemptsExhausted' },
      DDBStreamBatchInfo: {},
    };
    expect(read(stream)).toMatchObject({ source: 'lbuild-dispatch-builds-1A2B', attempts: 1, trigger: undefined });
    expect(read('no JSON')).toEqual({ source: 'unknown', error: 'it gave no reason', attempts: 1, trigger: undefined });
    expect(read(eventEnvelope(event), { RETRY_ATTEMPTS: '-2' }).attempts).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import {
  type ExecutionChange,
  eventEnvelope,
  executionEnvelope,
  readTrigger,
  scheduleEnvelope,
} from '../../../core/events/envelope.ts';
import type { EngineEvent } from '../../../core/events/event.ts';

const event: EngineEvent = {
  id: 'evt_1',
  type: 'build.queued',
  version: 1,
  tenantId: 'ten_1',
  at: '2026-11-01T10:00:00.000Z',
  detail: { buildId: 'bld_1' },
};
/** What EventBridge adds to each event. */
const added = { version: '0', account: '000000000000', region: 'eu-central-1', resources: ['arn:x'] };

describe('an envelope is read back as what it was made from, also with what EventBridge adds', () => {
  it('for an event of the engine', () => {
    const envelope = eventEnvelope(event);
    expect(envelope).toMatchObject({ 'detail-type': 'build.queued', source: 'linux-builder-engine', id: 'evt_1' });
    expect(readTrigger(JSON.parse(JSON.stringify({ ...envelope, ...added })))).toEqual({ kind: 'event', event });
  });

  it.each<ExecutionChange>([
    { name: 'bld_1', status: 'SUCCEEDED', input: { buildId: 'bld_1' }, output: [1] },
    { name: 'bld_1', status: 'FAILED', input: {}, error: 'States.Runtime', cause: 'why' },
    { name: 'bld_1', status: 'ABORTED', input: {}, cause: 'cancelled' },
  ])('for an execution that $status', (change) => {
    const envelope = executionEnvelope(change, 'x', new Date(0));
    expect(typeof envelope.detail.input).toBe('string');
    expect(readTrigger({ ...envelope, ...added })).toEqual({ kind: 'execution', change });
  });

  it('for a schedule', () => {
    expect(readTrigger({ ...scheduleEnvelope('sweep-1', new Date(0)), ...added })).toEqual({ kind: 'schedule' });
  });
});

it.each([
  ['another source', { ...eventEnvelope(event), source: 'somebody.else' }],
  ['an unknown type', { ...eventEnvelope(event), detail: { ...event, type: 'x' } }],
  [
    'an execution whose input is no JSON',
    {
      ...executionEnvelope({ name: 'x', status: 'FAILED', input: {} }, 'x', new Date(0)),
      detail: { name: 'x', status: 'FAILED', input: '{' },
    },
  ],
  ['nothing', undefined],
])('%s is refused', (_, payload) => {
  expect(() => readTrigger(payload)).toThrow();
});

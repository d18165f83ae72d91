import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/digest.ts';
import { eventCatalogue, eventDetail, isPublic } from '../../../core/events/catalogue.ts';
import { eventDocument } from '../../../core/events/document.ts';
import { eventEnvelope, readTrigger } from '../../../core/events/envelope.ts';
import { type EventType, eventTypes } from '../../../core/events/event.ts';
import { outboxWrite } from '../../../core/events/outbox.ts';

const ports = {
  clock: { now: () => new Date('2026-11-01T10:00:00.000Z'), sleep: async () => undefined },
  ids: { next: (prefix: string) => `${prefix}_1`, secret: () => 'none' },
};
const event = (type: EventType, detail: JsonObject) =>
  ({ id: 'evt_1', type, version: 1, tenantId: 'ten_1', at: '2026-11-01T10:00:00.000Z', detail }) as const;

/** What was stored and told before there was a catalogue. */
const ofOld: readonly (readonly [EventType, JsonObject])[] = [
  ['build.submitted', { buildId: 'bld_1' }],
  ['build.queued', { buildId: 'bld_1' }],
  ['build.started', { buildId: 'bld_1' }],
  ['build.stage_completed', { buildId: 'bld_1', stageId: 'base', state: 'skipped' }],
  ['build.cancel_requested', { buildId: 'bld_1' }],
  ['build.succeeded', { buildId: 'bld_1', state: 'succeeded' }],
  ['build.failed', { buildId: 'bld_1', state: 'failed', code: 'script.failed' }],
  ['build.cancelled', { buildId: 'bld_1' }],
  ['build.rejected', { buildId: 'bld_1', state: 'rejected', code: 'approval.rejected' }],
  ['work.started', { buildId: 'bld_1' }],
  ['work.ended', { buildId: 'bld_1', state: 'succeeded' }],
  ['work.unwanted', { buildId: 'bld_1' }],
  ['work.execution_ended', { buildId: 'bld_1' }],
  ...(['approval.requested', 'approval.decided'] as const).map(
    (type) =>
      [
        type,
        {
          ...{ approvalId: 'apr_1', buildId: 'bld_1', gate: 'build', state: 'pending' },
          ...{ specDigest: 'a'.repeat(64), policies: ['four-eyes'] },
        },
      ] as const,
  ),
];

describe('the catalogue of events', () => {
  it.each(ofOld)('reads a %s as it was stored before', (type, detail) => {
    const told = event(type, detail);
    expect(readTrigger(eventEnvelope(told))).toEqual({ kind: 'event', event: told });
    expect(eventDetail(told)).toEqual(detail);
  });

  it('refuses an event whose detail lacks what its type tells, and names it', () => {
    for (const type of eventTypes) {
      expect(() => readTrigger(eventEnvelope(event(type, {}))), type).toThrow(/detail/);
    }
    expect(() =>
      readTrigger(eventEnvelope(event('build.stage_completed', { buildId: 'b', stageId: 's', state: 'x' }))),
    ).toThrow(/state/);
  });

  it('hands on nothing that a type does not tell', () => {
    const detail = { buildId: 'bld_1', spec: 'secret', template: { id: 'tpl_1', version: 2, spec: 'secret' } };
    expect(eventDetail(event('build.queued', detail))).toEqual({
      buildId: 'bld_1',
      template: { id: 'tpl_1', version: 2 },
    });
  });

  it('types what is written, and leaves out what is undefined', () => {
    const write = outboxWrite(ports, 'build.queued', 'ten_1', { buildId: 'bld_1', teamId: undefined });
    expect(write.kind === 'put' && write.data).toEqual(event('build.queued', { buildId: 'bld_1' }));
    // @ts-expect-error a detail of another type
    outboxWrite(ports, 'build.queued', 'ten_1', { approvalId: 'apr_1' });
    // @ts-expect-error a member that no event has
    outboxWrite(ports, 'build.queued', 'ten_1', { buildId: 'bld_1', spec: {} });
  });

  it('keeps from tenants exactly what goes between parts of the engine', () => {
    const internal = eventTypes.filter((type) => !isPublic(type));
    expect(internal).toEqual(
      eventTypes.filter((type) => /^(work|cleanup|vulnerabilities)\./.test(type) || type === 'webhook.replayed'),
    );
    for (const type of eventTypes) {
      expect(eventCatalogue[type].meaning, type).toMatch(/^[A-Z].{10,}\.$/);
      expect(eventCatalogue[type].meaning, type).not.toContain('\n');
    }
  });

  it('is what docs/events.md says', () => {
    expect(readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8')).toBe(eventDocument());
  });
});

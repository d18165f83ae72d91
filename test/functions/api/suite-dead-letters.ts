import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { deadLetterViewSchema } from '../../../core/dead-letters/dead-letter.ts';
import { eventEnvelope, executionEnvelope } from '../../../core/events/envelope.ts';
import type { EngineEvent } from '../../../core/events/event.ts';
import { overdueEvents } from '../../../core/events/outbox.ts';
import { handle as keepDeadLetters } from '../../../functions/events/keep-dead-letters/keep-dead-letters.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';

const listSchema = z.object({ deadLetters: z.array(deadLetterViewSchema), cursor: z.string().optional() });

/** Work that was given up, as operators see it. */
export function describeDeadLetters(api: () => ApiUnderTest): void {
  describe('dead letters', () => {
    let one: TenantUnderTest;
    beforeAll(async () => {
      one = await api().tenant('dead-letters');
    });
    const send = (path: string, method = 'GET', key = one.keys.operator) =>
      call(`${api().url}${path}`, { method, key });
    const list = async (query = '') => listSchema.parse((await send(`/v1/dead-letters${query}`)).json());
    /** A call's failure, after those before it: two in one millisecond would have no order. */
    let last = Date.now();
    const fail = (messageId: string, requestPayload: unknown) => {
      last += 1;
      const now = new Date(last);
      const requestContext = { functionArn: 'arn:aws:lambda:r:1:function:plan-build', approximateInvokeCount: 3 };
      const body = JSON.stringify({ requestContext, requestPayload, responsePayload: { errorMessage: 'no disk' } });
      return keepDeadLetters(
        { ...api().ports, clock: { ...api().ports.clock, now: () => now } },
        { Records: [{ messageId, body }] },
      );
    };
    const eventOf = (id: string): EngineEvent => ({
      ...{ id, type: 'build.submitted', version: 1, tenantId: one.tenantId, at: '2026-11-01T10:00:00.000Z' },
      detail: { buildId: 'bld_1' },
    });

    it('are listed by pages, redriven by the outbox, and discarded; each is written down', async () => {
      for (const number of [1, 2, 3]) await fail(`m-${number}`, eventEnvelope(eventOf(`evt_dead_${number}`)));
      const first = await list('?limit=2');
      expect(first.deadLetters.map(({ event }) => event?.id)).toEqual(['evt_dead_3', 'evt_dead_2']);
      expect(first.deadLetters[0]).toMatchObject({ source: 'plan-build', error: 'Error: no disk', redrivable: true });
      const second = await list(`?limit=2&cursor=${encodeURIComponent(first.cursor ?? '')}`);
      expect(second.deadLetters.map(({ event }) => event?.id)).toEqual(['evt_dead_1']);
      const [id, other] = first.deadLetters.map((letter) => letter.id);

      const redriven = await send(`/v1/dead-letters/${id}:redrive`, 'POST');
      expect([redriven.status, redriven.json()]).toMatchObject([202, { state: 'redriven', redrives: 1 }]);
      const waiting = await overdueEvents(api().ports.table, new Date(8.64e15));
      expect(waiting).toContainEqual(eventOf('evt_dead_3'));
      expect((await list('?state=redriven')).deadLetters.map((letter) => letter.id)).toEqual([id]);

      expect((await send(`/v1/dead-letters/${other}`, 'DELETE')).json()).toEqual({ discarded: true });
      const gone = await send(`/v1/dead-letters/${other}`, 'DELETE');
      expect([gone.status, problemOf(gone).code]).toEqual([404, 'dead_letter.not_found']);
      const tail = z.object({ unsealed: z.array(auditEntrySchema) });
      const { unsealed } = tail.parse((await send('/v1/audit/tail')).json());
      const said = unsealed.filter(({ action }) => action.startsWith('dead_letter.'));
      expect(said.map(({ action, target }) => [action, target])).toEqual([
        ['dead_letter.redriven', id],
        ['dead_letter.discarded', other],
      ]);
    });

    it('of an execution’s end are told again by an event of the engine’s own, of a build that is there', async () => {
      const buildId = await startExample(api().url, one.keys.builder);
      const ended = (name: string) => executionEnvelope({ name, status: 'TIMED_OUT', input: {} }, 'e', new Date(0));
      await fail('m-4', ended(buildId));
      await fail('m-5', ended('bld_nobody'));
      const [nobody, known] = (await list('?limit=2')).deadLetters;
      expect(known?.event).toMatchObject({ type: 'work.execution_ended', detail: { buildId }, tenantId: one.tenantId });
      const refused = await send(`/v1/dead-letters/${nobody?.id}:redrive`, 'POST');
      expect([nobody?.redrivable, refused.status, problemOf(refused).code]).toEqual([
        false,
        409,
        'dead_letter.no_event',
      ]);
      // Told again in vain, it still is the same dead letter.
      if (known?.event === undefined) throw new Error('it has an event');
      await fail('m-6', eventEnvelope(known.event));
      expect((await list('?limit=1')).deadLetters[0]).toMatchObject({ id: known.id, attempts: 6 });
    });
  });
}

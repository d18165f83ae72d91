import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventEnvelope, scheduleEnvelope } from '../../../core/events/envelope.ts';
import type { EventType } from '../../../core/events/event.ts';
import { newEvent } from '../../../core/events/outbox.ts';
import { enablePlugin, putPlugin } from '../../../core/plugins/change-plugin.ts';
import { pluginDeclarationSchema } from '../../../core/plugins/declaration.ts';
import { hearingViewSchema } from '../../../core/plugins/views.ts';
import type { PluginOutcome } from '../../../core/ports/plugin-runner.ts';
import { handle } from '../../../functions/events/tell-plugins/tell-plugins.ts';
import { actorOf, figures, heard, notedRunner } from '../../core/plugins/hearing-world.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { call, problemOf } from './http-call.ts';

const listSchema = z.object({ hearings: z.array(hearingViewSchema), cursor: z.string().optional() });
const threw: PluginOutcome = { ...figures, ok: false, code: 'plugin.threw', reason: 'no' };

/** What plugins are told: as the engine tells it, and over the API. */
export function describePluginHearings(api: () => ApiUnderTest): void {
  describe('hearings of plugins', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    let outcome: PluginOutcome;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('hears'), api().tenant('others')]);
      for (const { tenantId } of [one, other]) await plugin(tenantId);
    });
    beforeEach(() => {
      outcome = heard;
    });

    const plugin = async (tenantId: string) => {
      const declaration = pluginDeclarationSchema.parse({ name: 'it', hooks: ['onEvent'], events: ['build.*'] });
      await putPlugin(api().ports, actorOf(tenantId), declaration, '// it');
      await enablePlugin(api().ports, actorOf(tenantId), 'it', {});
    };
    const ports = () => ({ ...api().ports, plugins: notedRunner(() => outcome).runner });
    const tell = (type: EventType = 'build.failed', tenantId = one.tenantId) =>
      handle(
        ports(),
        eventEnvelope({ ...newEvent(api().ports, 'build.failed', tenantId, { buildId: 'bld_1' }), type }),
      );
    const send = (method: string, path: string, key = one.keys.admin) =>
      call(`${api().url}/v1/plugins${path}`, { method, key });
    const list = async (query = '') => listSchema.parse((await send('GET', `/it/hearings${query}`)).json());

    it('are listed by event, the latest first, by page and by how they stand', async () => {
      await tell('build.queued');
      await tell('build.started');
      outcome = threw;
      await tell('build.failed');
      const all = await list();
      expect(all.hearings.map(({ event, state }) => [event.type, state])).toEqual([
        ['build.failed', 'failed'],
        ['build.started', 'succeeded'],
        ['build.queued', 'succeeded'],
      ]);
      const first = await list('?limit=2');
      const rest = await list(`?limit=2&cursor=${encodeURIComponent(first.cursor ?? '')}`);
      expect([...first.hearings, ...rest.hearings]).toEqual(all.hearings);
      expect((await list('?state=failed')).hearings).toEqual(all.hearings.slice(0, 1));
      expect((await list('?state=pending')).hearings).toEqual([]);
    });

    it('are told again by whoever may write plugins', async () => {
      outcome = threw;
      await tell('build.rejected');
      const [failed] = (await list('?state=failed')).hearings;
      const path = `/it/hearings/${failed?.id}:tell`;
      expect((await send('POST', path, one.keys.builder)).status).toBe(403);
      const answer = await send('POST', path);
      expect([answer.status, hearingViewSchema.parse(answer.json())]).toMatchObject([
        202,
        { state: 'pending', tries: 0 },
      ]);
      outcome = heard;
      await handle(ports(), scheduleEnvelope('s', api().ports.clock.now()));
      const [again] = (await list('?state=succeeded')).hearings.filter(({ id }) => id === failed?.id);
      expect(again).toMatchObject({ tries: 1, run: { outcome: 'succeeded' } });
    });

    it('are of their tenant and their plugin alone', async () => {
      const [mine] = (await list()).hearings;
      await tell('build.queued', other.tenantId);
      const theirs = listSchema.parse((await send('GET', '/it/hearings', other.keys.admin)).json());
      expect(theirs.hearings.map(({ event }) => event.tenantId)).toEqual([other.tenantId]);
      const foreign = await send('POST', `/it/hearings/${mine?.id}:tell`, other.keys.admin);
      expect([foreign.status, problemOf(foreign).code]).toEqual([404, 'plugin.hearing_not_found']);
      const none = await send('GET', '/none/hearings');
      expect([none.status, problemOf(none).code]).toEqual([404, 'plugin.not_found']);
      const { cursor } = await list('?limit=1');
      const turned = await send(
        'GET',
        `/it/hearings?limit=1&cursor=${encodeURIComponent(cursor ?? '')}`,
        other.keys.admin,
      );
      expect(problemOf(turned).code).toBe('cursor.invalid');
    });
  });
}

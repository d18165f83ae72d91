import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { maintenanceSchema } from '../../../core/maintenance/maintenance.ts';
import { dependencies } from '../../../core/telemetry/readiness.ts';
import { handle as dispatchBuilds } from '../../../functions/events/dispatch-builds/dispatch-builds.ts';
import { handle as measureEngine } from '../../../functions/events/measure-engine/measure-engine.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleYaml, startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';

const statusSchema = z.object({ maintenance: maintenanceSchema.nullable() });
const readySchema = z.object({ status: z.literal('ready'), dependencies: z.array(z.object({ name: z.string() })) });

/** Whether the service takes builds, and whether it is there. */
export function describeMaintenance(api: () => ApiUnderTest): void {
  describe('maintenance', () => {
    let one: TenantUnderTest;
    const send = (method: string, key: string, body?: string) =>
      call(`${api().url}/v1/maintenance`, {
        method,
        key,
        ...(body === undefined ? {} : { body, type: 'application/json' }),
      });
    const begin = (body: object) => send('PUT', one.keys.operator, JSON.stringify(body));
    beforeAll(async () => {
      one = await api().tenant('maintenance');
    });
    // The other suites start builds.
    afterAll(() => send('DELETE', one.keys.operator));

    it('refuses new builds with the reason, has none start, and shows in the gauges; then all goes on', async () => {
      const idempotent = { 'idempotency-key': 'maintenance-before' };
      const start = (headers: Record<string, string> = {}) =>
        call(`${api().url}/v1/builds`, {
          ...{ method: 'POST', key: one.keys.builder, body: exampleYaml, type: 'application/yaml', headers },
        });
      const before = await start(idempotent);
      expect(before.status).toBe(202);

      const until = new Date(api().ports.clock.now().getTime() + 600_000).toISOString();
      const begun = await begin({ reason: 'the disk is exchanged', until });
      expect(begun.status).toBe(200);
      expect(statusSchema.parse(begun.json()).maintenance).toMatchObject({ reason: 'the disk is exchanged', until });

      const refused = await start();
      expect([refused.status, problemOf(refused).code]).toEqual([503, 'service.maintenance']);
      expect(problemOf(refused).detail).toContain('the disk is exchanged');
      const wait = Number(refused.headers.get('retry-after'));
      expect(wait).toBeGreaterThan(500);
      expect(wait).toBeLessThanOrEqual(600);
      // What was made before is answered as before.
      expect((await start(idempotent)).json()).toMatchObject({
        id: z.object({ id: z.string() }).parse(before.json()).id,
      });
      expect(await dispatchBuilds(api().ports, {})).toEqual({ started: [] });
      expect(await measureEngine(api().ports, {})).toMatchObject({ lbuild_maintenance: 1 });
      expect(statusSchema.parse((await send('GET', one.keys.viewer)).json()).maintenance?.until).toBe(until);

      const since = statusSchema.parse(begun.json()).maintenance?.since;
      const changed = statusSchema.parse((await begin({ reason: 'it takes longer' })).json()).maintenance;
      expect(changed).toEqual({ reason: 'it takes longer', since });
      expect((await start()).headers.get('retry-after')).toBe('300');

      expect((await send('DELETE', one.keys.operator)).json()).toEqual({ maintenance: null });
      await startExample(api().url, one.keys.builder);
      expect(await measureEngine(api().ports, {})).toMatchObject({ lbuild_maintenance: 0 });

      const tail = await call(`${api().url}/v1/audit/tail`, { key: one.keys.operator });
      const { unsealed } = z.object({ unsealed: z.array(auditEntrySchema) }).parse(tail.json());
      const said = unsealed.filter(({ action }) => action.startsWith('maintenance.'));
      expect(said.map(({ action }) => action)).toEqual(['maintenance.begun', 'maintenance.begun', 'maintenance.ended']);
    });

    it('is the operator’s to begin and to end, with a reason', async () => {
      for (const key of [one.keys.owner, one.keys.viewer]) {
        expect([(await send('DELETE', key)).status, (await send('PUT', key, '{"reason":"x"}')).status]).toEqual([
          403, 403,
        ]);
      }
      const empty = await begin({ reason: '' });
      expect([empty.status, problemOf(empty).errors?.[0]?.path]).toEqual([400, 'reason']);
    });
  });

  describe('health', () => {
    it('tells that the process lives, and that each dependency answers', async () => {
      expect((await call(`${api().url}/v1/health/live`)).json()).toEqual({ status: 'live' });
      const ready = await call(`${api().url}/v1/health/ready`);
      expect(ready.status).toBe(200);
      expect(readySchema.parse(ready.json()).dependencies.map(({ name }) => name)).toEqual([...dependencies]);
    });
  });
}

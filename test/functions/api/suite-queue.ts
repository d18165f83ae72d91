import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { updateBuild } from '../../../core/builds/build-repository.ts';
import { buildDetailSchema, buildViewSchema } from '../../../core/builds/build-view.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { tenantShareSchema } from '../../../core/queue/tenant-share.ts';
import { keyInTeams, principalWith, teamOfTenant } from '../../support/teams.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf } from './http-call.ts';
import { forceState } from './stored-build.ts';

/** Priorities of builds, and shares of tenants. */
export function describeQueue(api: () => ApiUnderTest): void {
  describe('the queue', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('queue'), api().tenant('queue-other')]);
    });
    const start = (query: string, key = one.keys.builder): Promise<Answer> =>
      call(`${api().url}/v1/builds${query}`, { key, body: JSON.stringify(exampleSpec) });
    const build = (answer: Answer) => buildViewSchema.parse(answer.json());

    it('takes a priority with a build, and shows it', async () => {
      expect(build(await start('')).priority).toBe('normal');
      expect(build(await start('?priority=low')).priority).toBe('low');
      const answer = await start('?priority=soon');
      expect([answer.status, problemOf(answer).errors[0]?.path]).toEqual([400, 'query.priority']);
    });

    it('takes urgent of those alone who may, whatever they do with a build', async () => {
      const refused = await start('?priority=urgent');
      expect([refused.status, problemOf(refused).code, problemOf(refused).detail]).toEqual([
        403,
        'access.forbidden',
        'The priority urgent needs the permission builds:urgent.',
      ]);
      const { id, priority } = build(await start('?priority=urgent', one.keys.admin));
      expect(priority).toBe('urgent');
      await forceState(api().ports, id, 'failed');
      for (const verb of ['retry', 'resume']) {
        const again = (query: string, key: string) =>
          call(`${api().url}/v1/builds/${id}:${verb}${query}`, { method: 'POST', key });
        expect((await again('?priority=urgent', one.keys.builder)).status).toBe(403);
        expect(build(await again('?priority=high', one.keys.builder)).priority).toBe('high');
        // It has no priority of the build before: that was somebody else's to give.
        expect(build(await again('', one.keys.builder)).priority).toBe('normal');
      }
    });

    it('tells a queued build its position, and when it is thought to start', async () => {
      const { table } = api().ports;
      const ids = [build(await start('')).id, build(await start('?priority=low')).id];
      const detail = async (id: string) =>
        buildDetailSchema.parse((await call(`${api().url}/v1/builds/${id}`, { key: one.keys.viewer })).json());
      expect(await detail(ids[0] ?? '')).not.toHaveProperty('position');
      for (const id of ids) {
        await updateBuild(table, id, (found) => ({ build: { ...found, state: 'planning' } }));
        await updateBuild(table, id, (found) => ({ build: { ...found, state: 'queued' } }));
      }
      const [first, second] = [await detail(ids[0] ?? ''), await detail(ids[1] ?? '')];
      expect(first.position).toBe(1);
      expect(second.position).toBe(2);
      // One build runs at once here, and nobody knows how long they take: ten minutes.
      const between = Date.parse(second.estimatedStart ?? '') - Date.parse(first.estimatedStart ?? '');
      expect(between).toBe(600_000);
      for (const id of ids) await endBuild(api().ports, id, 'cancelled');
    });

    it('refuses a build for which there is no place, and says when there is one', async () => {
      const key = { partition: `WAITING#${one.tenantId}`, sort: 'WAITING' };
      const counter = (by: number) => ({ kind: 'increment', key, counter: 'builds', by }) as const;
      await api().ports.table.transact([counter(2_000)]);
      const answer = await start('');
      expect([answer.status, problemOf(answer).code]).toEqual([429, 'queue.full']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(5);
      await api().ports.table.transact([counter(-2_000)]);
      expect((await start('')).status).toBe(202);
    });

    it('lets who writes teams of the tenant weigh a team, and no team itself', async () => {
      const operator = await principalWith(api().ports, one.keys.operator);
      const teamId = await teamOfTenant(api().ports, operator, 'Web');
      const inside = (await keyInTeams(api().ports, operator, { [teamId]: ['admin'] })).text;
      const path = `${api().url}/v1/teams/${teamId}/share`;
      const set = (weight: number, key: string) => call(path, { method: 'PUT', key, body: JSON.stringify({ weight }) });
      expect((await call(path, { key: inside })).json()).toEqual({ teamId, weight: 1, running: 0 });
      expect((await set(7, inside)).status).toBe(403);
      expect((await set(7, one.keys.admin)).json()).toEqual({ teamId, weight: 7, running: 0 });
      expect((await set(0, one.keys.admin)).status).toBe(400);
      const strange = await set(7, other.keys.owner);
      expect([strange.status, problemOf(strange).code]).toEqual([404, 'team.not_found']);
      // An admin of the team may do urgent builds in it, and nowhere else.
      expect((await start(`?priority=urgent&team=${teamId}`, inside)).status).toBe(202);
      expect((await start(`?priority=urgent&team=${teamId}`)).status).toBe(403);
    });

    it('lets the operator weigh a tenant, and writes it down', async () => {
      const path = `${api().url}/v1/tenants/${other.tenantId}/share`;
      const key = one.keys.operator;
      const read = async () => tenantShareSchema.parse((await call(path, { key })).json());
      expect(await read()).toEqual({ tenantId: other.tenantId, weight: 1, waiting: 0, running: 0 });
      const set = (weight: unknown) => call(path, { method: 'PUT', key, body: JSON.stringify({ weight }) });
      expect((await set(5)).json()).toEqual({ tenantId: other.tenantId, weight: 5, waiting: 0, running: 0 });
      expect((await read()).weight).toBe(5);
      for (const weight of [0, 1_001, 1.5, '2']) expect((await set(weight)).status).toBe(400);
      const tail = z.object({ unsealed: z.array(auditEntrySchema) });
      const { unsealed } = tail.parse((await call(`${api().url}/v1/audit/tail`, { key })).json());
      expect(unsealed.filter(({ action }) => action === 'tenant.share_set')).toMatchObject([
        { target: other.tenantId, detail: { weight: 5, before: 1 } },
      ]);
      const missing = await call(`${api().url}/v1/tenants/ten_${'0'.repeat(26)}/share`, { key });
      expect([missing.status, problemOf(missing).code]).toEqual([404, 'tenant.not_found']);
      expect((await call(path, { key: other.keys.owner })).status).toBe(403);
    });
  });
}

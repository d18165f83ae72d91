import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { leasePlace } from '../../../core/quota/places.ts';
import { quotasViewSchema } from '../../../core/quota/quota-view.ts';
import { settleLeases } from '../../../core/quota/settlement.ts';
import type { QuotaName } from '../../../core/quota/tiers.ts';
import { keyInTeams, principalWith, teamOfTenant } from '../../support/teams.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, startExample } from './example-spec.ts';
import { type Answer, call, problemOf, withoutRequestId } from './http-call.ts';

/** Plan tiers, limits, what is used; and what is refused at them. */
export function describeQuotas(api: () => ApiUnderTest): void {
  describe('quotas', () => {
    let operator: TenantUnderTest;
    beforeAll(async () => {
      operator = await api().tenant('operator');
    });
    const send = (method: string, path: string, body: unknown, key: string) =>
      call(`${api().url}${path}`, {
        ...{ method, key },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const set = (tenantId: string, body: unknown, key = operator.keys.operator) =>
      send('PUT', `/v1/tenants/${tenantId}/quota`, body, key);
    const submit = (tenant: TenantUnderTest, headers: Record<string, string> = {}) =>
      call(`${api().url}/v1/builds`, { key: tenant.keys.builder, body: JSON.stringify(exampleSpec), headers });
    const viewOf = (answer: Answer) => quotasViewSchema.parse(answer.json());
    const read = async ({ keys }: TenantUnderTest) => viewOf(await send('GET', '/v1/quota', undefined, keys.billing));
    const of = async (tenant: TenantUnderTest, name: QuotaName) =>
      (await read(tenant)).quotas.find(({ quota }) => quota === name);

    it('have no limits where nobody set any, but what the installation can do at once', async () => {
      const one = await api().tenant('free of limits');
      await startExample(api().url, one.keys.builder);
      const { tier, quotas } = await read(one);
      expect(tier).toBe('unlimited');
      expect(Object.fromEntries(quotas.map(({ quota, limit, used }) => [quota, [limit, used]]))).toEqual({
        buildsPerDay: [null, 1],
        failedBuildsPerDay: [null, 0],
        concurrentBuilds: [1, 0],
        buildMinutesPerMonth: [null, 0],
        images: [null, 0],
        storedBytes: [null, 0],
      });
    });

    it('are a tier’s with overrides, and all of them are set anew each time', async () => {
      const one = await api().tenant('tiered');
      const overrides = { buildsPerDay: 7, images: null };
      const answer = await set(one.tenantId, { tier: 'free', overrides, anchorDay: 31 });
      expect([answer.status, viewOf(answer)]).toMatchObject([200, { tier: 'free', overrides, anchorDay: 31 }]);
      expect(await of(one, 'buildsPerDay')).toMatchObject({ limit: 7 });
      expect(await of(one, 'images')).toMatchObject({ limit: null });
      expect(await of(one, 'failedBuildsPerDay')).toMatchObject({ limit: 20 });
      const seen = await send('GET', `/v1/tenants/${one.tenantId}/quota`, undefined, operator.keys.operator);
      expect(viewOf(seen)).toEqual(await read(one));
      await set(one.tenantId, {});
      expect(await read(one)).toMatchObject({ tier: 'unlimited', overrides: {} });
    });

    it.each([
      [{ tier: 'golden' }, 'tier'],
      [{ overrides: { buildsPerDay: -1 } }, 'overrides.buildsPerDay'],
      [{ overrides: { buildsPerDay: 1.5 } }, 'overrides.buildsPerDay'],
      [{ overrides: { wishes: 3 } }, 'overrides'],
      [{ anchorDay: 32 }, 'anchorDay'],
    ])('are not set to %j', async (body, path) => {
      const answer = await set(operator.tenantId, body);
      expect([answer.status, problemOf(answer).errors[0]?.path]).toMatchObject([400, expect.stringContaining(path)]);
    });

    it('are set by operators alone, of tenants that there are', async () => {
      const one = await api().tenant('not an operator');
      expect((await set(one.tenantId, { tier: 'business' }, one.keys.owner)).status).toBe(403);
      const missing = await set(`ten_${'0'.repeat(26)}`, {});
      expect([missing.status, problemOf(missing).code]).toEqual([404, 'tenant.not_found']);
    });

    it('are in both logs when they are set: the operator’s, and the tenant’s without who did it', async () => {
      const one = await api().tenant('logged');
      await set(one.tenantId, { tier: 'team' });
      const entriesOf = async (key: string) =>
        z
          .object({ unsealed: z.array(auditEntrySchema) })
          .parse((await send('GET', '/v1/audit/tail', undefined, key)).json())
          .unsealed.filter(({ action, target }) => action === 'quota.set' && target === one.tenantId);
      const [own, theirs] = [await entriesOf(operator.keys.auditor), await entriesOf(one.keys.auditor)];
      expect(own).toMatchObject([{ actor: { memberId: expect.any(String) }, detail: { tier: 'team', before: null } }]);
      expect(theirs).toMatchObject([{ detail: { tier: 'team' } }]);
      expect(theirs[0]).not.toHaveProperty('actor');
    });

    it('let exactly as many of 50 submits at once in as there is room for', async () => {
      const one = await api().tenant('crowded');
      await set(one.tenantId, { overrides: { buildsPerDay: 10 } });
      const answers = await Promise.all(Array.from({ length: 50 }, () => submit(one)));
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(10);
      const refused = answers.filter(({ status }) => status !== 202);
      expect(new Set(refused.map((answer) => `${answer.status} ${problemOf(answer).code}`))).toEqual(
        new Set(['429 quota.exceeded']),
      );
      expect(await of(one, 'buildsPerDay')).toMatchObject({ limit: 10, used: 10 });
      const midnight = new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000).toISOString();
      for (const answer of refused) {
        const facts = { quota: 'buildsPerDay', of: 'tenant', limit: 10, used: 10, requested: 1, freesAt: midnight };
        expect(answer.json()).toMatchObject(facts);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(86_400);
      }
    });

    it('answer what was made before to a repeated request, though nothing is left', async () => {
      const one = await api().tenant('repeating');
      await set(one.tenantId, { overrides: { buildsPerDay: 1 } });
      const headers = { 'idempotency-key': 'the-one' };
      const first = await submit(one, headers);
      const again = await submit(one, headers);
      expect([again.status, withoutRequestId(again)]).toEqual([202, withoutRequestId(first)]);
      expect((await submit(one)).status).toBe(429);
    });

    it('refuse with 403 what time does not free', async () => {
      const one = await api().tenant('full');
      for (const quota of ['images', 'storedBytes']) {
        await set(one.tenantId, { overrides: { [quota]: 0 } });
        const answer = await submit(one);
        expect([answer.status, answer.json()]).toMatchObject([403, { code: 'quota.exceeded', quota, limit: 0 }]);
        expect(answer.headers.get('retry-after')).toBeNull();
        expect(answer.json()).not.toHaveProperty('freesAt');
      }
      await set(one.tenantId, {});
      expect((await submit(one)).status).toBe(202);
    });

    it('count a failed build apart, once, and refuse more after too many', async () => {
      const one = await api().tenant('failing');
      await set(one.tenantId, { overrides: { buildsPerDay: 1, failedBuildsPerDay: 2 } });
      const { ports } = api();
      const fail = async (code: string) => {
        const id = await startExample(api().url, one.keys.builder);
        await endBuild(ports, id, 'failed', { code, reason: 'it did', logTail: [] });
        // The event comes twice.
        for (let time = 0; time < 2; time += 1) await settleLeases(ports.table, id);
        return id;
      };
      await fail('script.failed');
      await fail('internal.error');
      expect(await of(one, 'buildsPerDay')).toMatchObject({ used: 0 });
      expect(await of(one, 'failedBuildsPerDay')).toMatchObject({ used: 1 });
      const last = await fail('script.failed');
      expect((await submit(one)).json()).toMatchObject({ status: 429, quota: 'failedBuildsPerDay', used: 2, limit: 2 });
      expect((await findBuild(ports.table, last))?.value.state).toBe('failed');
      const lease = await ports.table.get(leasePlace(one.tenantId, last));
      expect(lease?.data).toMatchObject({ state: 'settled', shares: [{ quota: 'failedBuildsPerDay', amount: 1 }] });
    });

    describe('of a team', () => {
      let tenant: TenantUnderTest;
      let teamId: string;
      let inTeam: string;
      const path = (id = teamId) => `/v1/teams/${id}/quota`;
      const start = () =>
        call(`${api().url}/v1/builds?team=${teamId}`, { key: inTeam, body: JSON.stringify(exampleSpec) });
      beforeAll(async () => {
        tenant = await api().tenant('with a team');
        const admin = await principalWith(api().ports, tenant.keys.operator);
        teamId = await teamOfTenant(api().ports, admin, 'Web');
        inTeam = (await keyInTeams(api().ports, admin, { [teamId]: ['admin'] })).text;
      });

      it('are set by who may in the tenant, read in the team, and written down', async () => {
        expect(viewOf(await send('GET', path(), undefined, inTeam))).not.toHaveProperty('tier');
        expect((await send('PUT', path(), { limits: { images: 3 } }, inTeam)).status).toBe(403);
        const answer = await send('PUT', path(), { limits: { images: 3 } }, tenant.keys.admin);
        expect([answer.status, viewOf(answer).overrides]).toEqual([200, { images: 3 }]);
        const log = z
          .object({ unsealed: z.array(auditEntrySchema) })
          .parse((await send('GET', '/v1/audit/tail', undefined, tenant.keys.auditor)).json());
        expect(log.unsealed).toContainEqual(expect.objectContaining({ action: 'quota.set', target: teamId }));
        const foreign = await send('PUT', path(), { limits: {} }, operator.keys.owner);
        expect([foreign.status, problemOf(foreign).code]).toEqual([404, 'team.not_found']);
      });

      it('bound it within its tenant, and count in both', async () => {
        await send('PUT', path(), { limits: { buildsPerDay: 2 } }, tenant.keys.owner);
        const answers = await Promise.all(Array.from({ length: 6 }, start));
        expect(answers.filter(({ status }) => status === 202)).toHaveLength(2);
        const refused = answers.find(({ status }) => status !== 202);
        expect(refused?.json()).toMatchObject({ status: 429, of: 'team', quota: 'buildsPerDay', limit: 2, used: 2 });
        expect((await submit(tenant)).status).toBe(202);
        expect(await of(tenant, 'buildsPerDay')).toMatchObject({ used: 3, limit: null });
        const ofTeam = viewOf(await send('GET', path(), undefined, inTeam));
        expect(ofTeam.quotas.find(({ quota }) => quota === 'buildsPerDay')).toMatchObject({ used: 2, limit: 2 });
        await set(tenant.tenantId, { overrides: { buildsPerDay: 3 } });
        await send('PUT', path(), { limits: {} }, tenant.keys.owner);
        expect((await start()).json()).toMatchObject({ status: 429, of: 'tenant', used: 3, limit: 3 });
      });
    });
  });
}

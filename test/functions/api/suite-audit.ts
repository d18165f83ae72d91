import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkLinks, storedLinkSchema } from '../../../core/audit/chain.ts';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { sealAudit } from '../../../core/audit/sealer.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, startExample } from './example-spec.ts';
import { call } from './http-call.ts';

const logSchema = z.object({ entries: z.array(storedLinkSchema), cursor: z.string().optional() });
const tailSchema = z.object({ sequence: z.number(), hash: z.string(), unsealed: z.array(auditEntrySchema) });

/** Who did what: written with each change, chained, and shown to who may read it. */
export function describeAudit(api: () => ApiUnderTest): void {
  describe('the audit log', () => {
    let one: TenantUnderTest;
    beforeAll(async () => {
      one = await api().tenant('audited');
    });
    const send = (method: string, path: string, body?: unknown, key = one.keys.owner) =>
      call(`${api().url}${path}`, {
        ...{ method, key },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const log = async (query = '', key = one.keys.auditor) =>
      logSchema.parse((await send('GET', `/v1/audit?${query}`, undefined, key)).json());
    const tail = async (key = one.keys.auditor) =>
      tailSchema.parse((await send('GET', '/v1/audit/tail', undefined, key)).json());
    const id = z.looseObject({ memberId: z.string() });

    it('has an entry of every change, with who, from where and by which request', async () => {
      const member = id.parse((await send('POST', '/v1/members', { name: 'Ada', roles: ['viewer'] })).json()).memberId;
      const request = (await send('PATCH', `/v1/members/${member}`, { roles: ['builder'] })).headers.get(
        'x-request-id',
      );
      await send('PUT', '/v1/roles/shipping', { grants: ['builds:read'] });
      await send('DELETE', '/v1/roles/shipping');
      const made = z
        .object({ key: z.object({ keyId: z.string() }) })
        .parse((await send('POST', '/v1/keys', { name: 'x', memberId: member })).json()).key.keyId;
      await send('POST', `/v1/keys/${made}:rotate`, {});
      await send('DELETE', `/v1/keys/${made}`);
      await send('DELETE', `/v1/members/${member}`);
      await send('PUT', '/v1/secrets/site', { value: 'hush hush' });
      await send('DELETE', '/v1/secrets/site');
      await send('PATCH', '/v1/tenant', { name: 'Audited' });
      const build = await startExample(api().url, one.keys.builder);
      await send('DELETE', `/v1/builds/${build}`);
      const { unsealed } = await tail();
      const said = unsealed.map(({ action, target }) => `${action} ${target}`);
      for (const line of [
        `tenant.created ${one.tenantId}`,
        `member.added ${member}`,
        `member.changed ${member}`,
        'role.set shipping',
        'role.removed shipping',
        `key.created ${made}`,
        `key.rotated ${made}`,
        `key.revoked ${made}`,
        `member.removed ${member}`,
        'secret.set site',
        'secret.removed site',
        `tenant.renamed ${one.tenantId}`,
        `build.submitted ${build}`,
      ]) {
        expect(said).toContain(line);
      }
      const changed = unsealed.find(({ action }) => action === 'member.changed');
      expect(changed).toMatchObject({
        actor: { memberId: one.ownerId, requestId: request, sourceAddress: '127.0.0.1' },
        detail: { roles: ['builder'], before: { roles: ['viewer'] } },
      });
      expect(JSON.stringify(unsealed)).not.toMatch(/hush hush|lbk_/);
    });

    it('has the refusals of who is known, once a minute each', async () => {
      for (let time = 0; time < 3; time += 1)
        await send('POST', '/v1/members', { name: 'x', roles: ['viewer'] }, one.keys.viewer);
      await send('POST', '/v1/members', { name: 'Eve', roles: ['operator'] }, one.keys.admin);
      await send('GET', '/v1/builds', undefined, 'lbk_nothing');
      const refused = (await tail()).unsealed.filter(({ action }) => action === 'access.refused');
      expect(refused.map(({ target, detail }) => [target, detail.code])).toEqual([
        ['addMember', 'access.forbidden'],
        ['addMember', 'access.not_held'],
      ]);
    });

    it('is sealed, chained, listed in both orders, filtered and paged', async () => {
      await sealAudit(api().ports);
      expect((await tail()).unsealed).toEqual([]);
      const oldest = (await log('order=oldest&limit=500')).entries;
      expect(checkLinks(oldest)).toEqual({ head: { sequence: oldest.length, hash: oldest.at(-1)?.hash } });
      expect((await tail()).sequence).toBe(oldest.length);
      expect((await log('limit=500')).entries).toEqual([...oldest].reverse());
      const keys = (await log('order=oldest&action=key.rotated')).entries;
      expect(keys.map(({ entry }) => entry.action)).toEqual(['key.rotated']);
      const byOwner = (await log(`memberId=${one.ownerId}&limit=500`)).entries;
      expect(new Set(byOwner.map(({ entry }) => entry.actor?.memberId))).toEqual(new Set([one.ownerId]));
      expect((await log('target=site')).entries).toHaveLength(2);
      const pages: number[] = [];
      let cursor = '';
      do {
        const page = await log(`order=oldest&limit=4${cursor}`);
        pages.push(...page.entries.map(({ sequence }) => sequence));
        cursor = page.cursor === undefined ? '' : `&cursor=${encodeURIComponent(page.cursor)}`;
      } while (cursor !== '');
      expect(pages).toEqual(oldest.map(({ sequence }) => sequence));
      expect((await send('GET', '/v1/audit?cursor=x.y')).status).toBe(400);
    });

    it('has heads that are signed', async () => {
      const answer = await send('GET', '/v1/audit/anchors', undefined, one.keys.auditor);
      const { anchors } = z
        .object({ anchors: z.array(z.object({ sequence: z.number(), tenantId: z.string(), keyId: z.string() })) })
        .parse(answer.json());
      const { keyId } = await api().ports.signer.key();
      expect(anchors.at(-1)).toMatchObject({ sequence: (await tail()).sequence, tenantId: one.tenantId, keyId });
      expect((await send('GET', '/v1/audit/anchors?cursor=x.y')).status).toBe(400);
    });

    it('is each tenant’s own', async () => {
      const other = await api().tenant('unaudited');
      const { unsealed } = await tail(other.keys.auditor);
      expect(new Set(unsealed.map(({ tenantId }) => tenantId))).toEqual(new Set([other.tenantId]));
      expect((await log('', other.keys.auditor)).entries).toEqual([]);
    });

    it('has one entry of a build that one Idempotency-Key asked for twice', async () => {
      const tenant = await api().tenant('once');
      const start = () =>
        call(`${api().url}/v1/builds`, {
          ...{ key: tenant.keys.owner, body: JSON.stringify(exampleSpec) },
          headers: { 'idempotency-key': 'once' },
        });
      await start();
      await start();
      const { unsealed } = await tail(tenant.keys.auditor);
      expect(unsealed.filter(({ action }) => action === 'build.submitted')).toHaveLength(1);
    });
  });
}

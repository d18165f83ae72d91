import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { findBuild, updateBuild } from '../../../core/builds/build-repository.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { holdRecordSchema } from '../../../core/retention/holds.ts';
import { findImage } from '../../../core/retention/image.ts';
import { imageViewSchema, retentionPolicyViewSchema } from '../../../core/retention/views.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { startExample } from './example-spec.ts';
import { type Answer, call, problemOf } from './http-call.ts';
import { forceState, storeArtifact } from './stored-build.ts';

/** What is kept for how long: trash and restore, legal holds, policies, tags. */
export function describeRetention(api: () => ApiUnderTest): void {
  describe('retention', () => {
    let tenant: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      tenant = await api().tenant('retention');
      other = await api().tenant('retention elsewhere');
    });
    const send = (method: string, path: string, body?: unknown, key = tenant.keys.admin, headers = {}) =>
      call(`${api().url}${path}`, {
        ...{ method, key, headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const codeOf = (answer: Answer) => [answer.status, answer.status < 400 ? '' : problemOf(answer).code];
    const imageOf = (answer: Answer) => imageViewSchema.parse(answer.json());

    /** A build that has ended with one artifact of these bytes. */
    async function madeImage(bytes: string): Promise<string> {
      const { ports } = api();
      const id = await startExample(api().url, tenant.keys.builder);
      await forceState(ports, id, 'running');
      await updateBuild(ports.table, id, (build) => ({
        build: { ...build, startedAt: ports.clock.now().toISOString() },
      }));
      await storeArtifact(ports, tenant.tenantId, id, 'edge-web.tar.zst', bytes);
      await endBuild(ports, id, 'succeeded');
      return id;
    }
    const download = (id: string) =>
      call(`${api().url}/v1/builds/${id}/artifacts/edge-web.tar.zst`, { key: tenant.keys.viewer });

    it('puts artifacts into the trash, refuses them there with the date, and restores the same bytes', async () => {
      const id = await madeImage('precious bytes');
      expect((await download(id)).status).toBe(307);
      const removed = imageOf(await send('DELETE', `/v1/builds/${id}/artifacts`));
      expect(removed).toMatchObject({ build: id, state: 'trashed', bytes: 14 });
      expect(Date.parse(removed.purgeAt ?? '') - Date.parse(removed.trashedAt ?? '')).toBe(7 * 86_400_000);
      const refused = await download(id);
      expect(codeOf(refused)).toEqual([409, 'artifact.in_trash']);
      expect(problemOf(refused)).toMatchObject({ purgeAt: removed.purgeAt });
      expect(codeOf(await send('GET', `/v1/builds/${id}/artifacts`))).toEqual([409, 'artifact.in_trash']);
      const trash = await send('GET', '/v1/retention/trash');
      expect(JSON.stringify(trash.json())).toContain(id);
      // Asking again changes nothing.
      expect(imageOf(await send('DELETE', `/v1/builds/${id}/artifacts`))).toEqual(removed);
      expect(imageOf(await send('POST', `/v1/builds/${id}/artifacts:restore`))).toMatchObject({ state: 'kept' });
      const location = (await download(id)).headers.get('location') ?? '';
      expect((await call(location)).text).toBe('precious bytes');
      expect(JSON.stringify((await send('GET', '/v1/retention/trash')).json())).not.toContain(id);
      expect(codeOf(await send('POST', `/v1/builds/${id}/artifacts:restore`))).toEqual([409, 'retention.not_in_trash']);
    });

    it('removes nothing of a build that runs, or that made nothing', async () => {
      const running = await startExample(api().url, tenant.keys.builder);
      const refused = await send('DELETE', `/v1/builds/${running}/artifacts`);
      expect(codeOf(refused)).toEqual([409, 'retention.protected']);
      expect(problemOf(refused).detail).toContain('running');
      await forceState(api().ports, running, 'failed');
      expect(codeOf(await send('DELETE', `/v1/builds/${running}/artifacts`))).toEqual([
        409,
        'retention.nothing_stored',
      ]);
    });

    it('protects what a retry is made of until that has ended', async () => {
      const id = await madeImage('retried bytes');
      const again = await send('POST', `/v1/builds/${id}:retry`, undefined, tenant.keys.builder);
      expect(again.status).toBe(202);
      const retry = z.object({ id: z.string() }).parse(again.json()).id;
      const state = await send('GET', `/v1/builds/${id}/retention`);
      expect(state.json()).toMatchObject({ protections: [{ reason: 'retried', by: retry }] });
      expect(codeOf(await send('DELETE', `/v1/builds/${id}/artifacts`))).toEqual([409, 'retention.protected']);
      await endBuild(api().ports, retry, 'cancelled');
      expect((await send('DELETE', `/v1/builds/${id}/artifacts`)).status).toBe(200);
      // A spec outlives its image: what is in the trash is retried, which protects nothing.
      expect((await send('POST', `/v1/builds/${id}:retry`, undefined, tenant.keys.builder)).status).toBe(202);
    });

    it('holds what is on legal hold until it is released with a reason, once for each key', async () => {
      const id = await madeImage('held bytes');
      const body = { build: id, reason: 'case 42' };
      const headers = { 'idempotency-key': 'hold-once' };
      const placed = await send('POST', '/v1/retention/holds', body, tenant.keys.owner, headers);
      const hold = holdRecordSchema.parse(placed.json());
      expect([placed.status, hold.build, hold.reason]).toEqual([201, id, 'case 42']);
      const again = await send('POST', '/v1/retention/holds', body, tenant.keys.owner, headers);
      expect(again.json()).toEqual(hold);
      const refused = await send('DELETE', `/v1/builds/${id}/artifacts`);
      expect([codeOf(refused), problemOf(refused).detail]).toEqual([
        [409, 'retention.protected'],
        `It is protected: hold (${hold.id}).`,
      ]);
      expect(codeOf(await send('POST', `/v1/retention/holds/${hold.id}:release`, { reason: '' }))).toEqual([
        400,
        'request.invalid',
      ]);
      expect((await send('POST', `/v1/retention/holds/${hold.id}:release`, { reason: 'closed' })).status).toBe(200);
      expect(codeOf(await send('POST', `/v1/retention/holds/${hold.id}:release`, { reason: 'closed' }))).toEqual([
        404,
        'hold.not_found',
      ]);
      expect((await send('DELETE', `/v1/builds/${id}/artifacts`)).status).toBe(200);
      const audit = await send('GET', '/v1/audit?limit=100', undefined, tenant.keys.auditor);
      const entries = z.object({ entries: z.array(z.looseObject({ action: z.string() })) }).parse(audit.json()).entries;
      const actions = entries.map(({ action }) => action);
      expect(auditEntrySchema.shape.action.options).toEqual(expect.arrayContaining(['hold.placed', 'hold.released']));
      for (const action of ['hold.placed', 'hold.released', 'artifact.trashed']) {
        if (actions.length > 0) expect(actions).toContain(action);
      }
    });

    it('keeps policies, and says what is wrong with one', async () => {
      const content = { select: { names: ['edge-*'], tags: ['nightly'] }, expire: { afterDays: 30, beyondNewest: 3 } };
      const made = await send('PUT', '/v1/retention/policies/nightly', content);
      expect([made.status, retentionPolicyViewSchema.parse(made.json())]).toMatchObject([201, content]);
      expect((await send('PUT', '/v1/retention/policies/nightly', content)).status).toBe(200);
      const listed = await send('GET', '/v1/retention/policies', undefined, tenant.keys.viewer);
      expect(listed.json()).toMatchObject({ policies: [{ name: 'nightly' }] });
      expect(codeOf(await send('PUT', '/v1/retention/policies/nothing', { expire: {} }))).toEqual([
        400,
        'request.invalid',
      ]);
      const unknown = { select: { templates: ['none-such'] }, expire: null };
      expect(codeOf(await send('PUT', '/v1/retention/policies/unknown', unknown))).toEqual([404, 'template.not_found']);
      expect((await send('DELETE', '/v1/retention/policies/nightly')).status).toBe(200);
      expect(codeOf(await send('GET', '/v1/retention/policies/nightly'))).toEqual([404, 'retention.policy_not_found']);
    });

    it('has settings, which a viewer reads and does not set', async () => {
      expect((await send('GET', '/v1/retention', undefined, tenant.keys.viewer)).json()).toEqual({
        trashDays: 7,
        noticeDays: 3,
      });
      expect(codeOf(await send('PUT', '/v1/retention', { trashDays: 1 }, tenant.keys.viewer))).toEqual([
        403,
        'access.forbidden',
      ]);
      expect((await send('PUT', '/v1/retention', { trashDays: 14, noticeDays: 0 })).status).toBe(200);
      const id = await madeImage('fortnight bytes');
      const { trashedAt = '', purgeAt = '' } = imageOf(await send('DELETE', `/v1/builds/${id}/artifacts`));
      expect(Date.parse(purgeAt) - Date.parse(trashedAt)).toBe(14 * 86_400_000);
    });

    it('tags images, and notes downloads at most once an hour', async () => {
      const id = await madeImage('tagged bytes');
      const tagged = await send('PUT', `/v1/builds/${id}/tags`, { tags: ['release', 'lts', 'lts'] });
      expect(imageOf(tagged)).toMatchObject({ tags: ['lts', 'release'] });
      expect(codeOf(await send('PUT', `/v1/builds/${id}/tags`, { tags: ['Not A Tag'] }))).toEqual([
        400,
        'request.invalid',
      ]);
      await download(id);
      const first = await findImage(api().ports.table, id);
      expect(first?.image.lastDownloadedAt).toBeDefined();
      await download(id);
      expect(await findImage(api().ports.table, id)).toEqual(first);
    });

    it('answers another tenant as for what is missing', async () => {
      const id = await madeImage('private bytes');
      const theirs = other.keys.owner;
      const hold = holdRecordSchema.parse(
        (await send('POST', '/v1/retention/holds', { build: id, reason: 'mine' })).json(),
      );
      const answers = [
        await send('DELETE', `/v1/builds/${id}/artifacts`, undefined, theirs),
        await send('POST', `/v1/builds/${id}/artifacts:restore`, undefined, theirs),
        await send('GET', `/v1/builds/${id}/retention`, undefined, theirs),
        await send('PUT', `/v1/builds/${id}/tags`, { tags: [] }, theirs),
        await send('POST', '/v1/retention/holds', { build: id, reason: 'theirs' }, theirs),
        await send('POST', `/v1/retention/holds/${hold.id}:release`, { reason: 'theirs' }, theirs),
      ];
      expect(answers.map((answer) => codeOf(answer))).toEqual([
        ...Array.from({ length: 5 }, () => [404, 'build.not_found']),
        [404, 'hold.not_found'],
      ]);
      expect((await findBuild(api().ports.table, id))?.value.state).toBe('succeeded');
      expect(JSON.stringify((await send('GET', '/v1/retention/trash', undefined, theirs)).json())).not.toContain(id);
    });
  });
}

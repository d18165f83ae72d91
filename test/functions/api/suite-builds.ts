import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildDetailSchema, buildViewSchema } from '../../../core/builds/build-view.ts';
import { buildKey, specKey } from '../../../core/builds/keys.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, exampleYaml, startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { forceState, storeAttempt, storeStage } from './stored-build.ts';

const listSchema = z.strictObject({ builds: z.array(buildViewSchema), cursor: z.string().optional() });

/** Starting, listing, reading and cancelling builds. */
export function describeBuilds(api: () => ApiUnderTest): void {
  describe('builds', () => {
    let tenant: TenantUnderTest;
    beforeAll(async () => {
      tenant = await api().tenant('builds');
    });
    const submit = (body: unknown, headers: Record<string, string> = {}, path = '/v1/builds') =>
      call(`${api().url}${path}`, { key: tenant.keys.builder, body: JSON.stringify(body), headers });
    const read = async (id: string) =>
      buildDetailSchema.parse((await call(`${api().url}/v1/builds/${id}`, { key: tenant.keys.viewer })).json());
    const list = async (query: string, key = tenant.keys.viewer) =>
      listSchema.parse((await call(`${api().url}/v1/builds${query}`, { key })).json());

    it.each(['/v1/builds', '/api/build/start'])('starts a build at %s and answers at once', async (path) => {
      const answer = await submit(exampleSpec, {}, path);
      expect(answer.status).toBe(202);
      const build = buildViewSchema.parse(answer.json());
      expect(build).toMatchObject({ name: 'edge-web', state: 'submitted', ended: false, cancelRequested: false });
      expect(answer.headers.get('location')).toBe(`/v1/builds/${build.id}`);
      expect(await read(build.id)).toEqual({ ...build, percent: 0, evidence: [], stages: [] });
    });

    it('stores the build under its tenant, with the resolved spec', async () => {
      const id = await startExample(api().url, tenant.keys.builder);
      const { table } = api().ports;
      expect((await table.get(buildKey(id)))?.data).toMatchObject({ tenantId: tenant.tenantId });
      expect((await table.get(specKey(id)))?.data).toMatchObject({
        name: 'edge-web',
        system: { hostname: 'edge-web' },
      });
    });

    it('takes YAML', async () => {
      const answer = await call(`${api().url}/v1/builds`, {
        key: tenant.keys.owner,
        body: exampleYaml,
        type: 'application/yaml',
      });
      expect(answer.status).toBe(202);
    });

    it('refuses a spec with every error it has', async () => {
      const spec = { ...exampleSpec, name: 'No Name', files: [{ path: '/etc/shadow', content: '' }], pakages: {} };
      const answer = await submit(spec);
      expect([answer.status, problemOf(answer).code]).toEqual([422, 'spec.invalid']);
      const { errors } = problemOf(answer);
      expect(errors.map(({ path }) => path).sort()).toEqual(['files[0].path', 'name', 'pakages']);
      for (const error of errors) {
        expect(error.reason).not.toBe('');
        expect(error.remedy).not.toBe('');
      }
      expect(errors.find(({ path }) => path === 'pakages')?.remedy).toContain('packages');
      const verdict = await call(`${api().url}/v1/specs/validate`, {
        key: tenant.keys.owner,
        body: JSON.stringify(spec),
      });
      expect(verdict.json()).toEqual({ valid: false, errors });
    });

    it.each([
      ['base.architecture', { ...exampleSpec, base: { ...exampleSpec.base, architecture: 'arm64' } }],
      ['', 'no spec'],
      ['', null],
    ])('refuses a spec at %j', async (path, spec) => {
      const answer = await submit(spec);
      expect([answer.status, problemOf(answer).errors[0]?.path]).toEqual([422, path]);
    });

    it('answers the same build for the same idempotency key and spec, and refuses another spec', async () => {
      const headers = { 'idempotency-key': 'deploy-42' };
      const first = await submit(exampleSpec, headers);
      const again = await submit(exampleSpec, headers);
      expect([first.status, again.status, again.text]).toEqual([202, 202, first.text]);
      const other = await submit({ ...exampleSpec, name: 'other' }, headers);
      expect([other.status, problemOf(other).code]).toEqual([422, 'idempotency.mismatch']);
      const neighbour = await api().tenant('neighbour');
      const theirs = await call(`${api().url}/v1/builds`, {
        key: neighbour.keys.owner,
        body: JSON.stringify({ ...exampleSpec, name: 'theirs' }),
        headers,
      });
      expect(theirs.status).toBe(202);
    });

    it('answers one build for ten calls at once with one idempotency key', async () => {
      const headers = { 'idempotency-key': 'at-once' };
      const answers = await Promise.all(Array.from({ length: 10 }, () => submit(exampleSpec, headers)));
      const [made, running] = [202, 409].map((status) => answers.filter((answer) => answer.status === status));
      expect([made?.length, running?.length]).toEqual([expect.any(Number), 10 - (made?.length ?? 0)]);
      // Who comes while the first call runs is told so, and when to ask again.
      for (const answer of running ?? []) {
        expect([problemOf(answer).code, answer.headers.get('retry-after')]).toEqual(['idempotency.in_progress', '2']);
      }
      const after = await submit(exampleSpec, headers);
      const ids = [...(made ?? []), after].map((answer) => buildViewSchema.parse(answer.json()).id);
      expect(new Set(ids).size).toBe(1);
    });

    it.each(['', 'x'.repeat(129), 'a b'])('refuses the idempotency key %j', async (key) => {
      const answer = await submit(exampleSpec, { 'idempotency-key': key });
      expect([answer.status, problemOf(answer).errors[0]?.path]).toEqual([400, 'header.idempotency-key']);
    });

    it('pages through builds, newest first, each once', async () => {
      const lister = await api().tenant('lister');
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) ids.push(await startExample(api().url, lister.keys.owner));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await list(`?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`, lister.keys.viewer);
        expect(page.builds.length).toBeLessThanOrEqual(2);
        seen.push(...page.builds.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(ids.toReversed());
    });

    it('finds builds in one state beyond the first page', async () => {
      const lister = await api().tenant('by state');
      const oldest = await startExample(api().url, lister.keys.owner);
      for (let count = 0; count < 3; count += 1) await startExample(api().url, lister.keys.owner);
      await forceState(api().ports, oldest, 'succeeded');
      const page = await list('?limit=1&state=succeeded', lister.keys.viewer);
      expect(page.builds.map(({ id }) => id)).toEqual([oldest]);
    });

    it('refuses a cursor that was changed, made for another query, or for another tenant', async () => {
      const [mine, other] = await Promise.all([api().tenant('mine'), api().tenant('not mine')]);
      for (let count = 0; count < 2; count += 1) await startExample(api().url, mine.keys.owner);
      const { cursor = '' } = await list('?limit=1', mine.keys.owner);
      expect(cursor).not.toBe('');
      const [payload = '', mark = ''] = cursor.split('.');
      const forged = `${Buffer.from('{}').toString('base64url')}.${mark}`;
      const cases = [
        [`?cursor=${forged}`, mine.keys.owner],
        [`?cursor=${payload}`, mine.keys.owner],
        [`?cursor=${cursor}&state=failed`, mine.keys.owner],
        [`?cursor=${cursor}`, other.keys.owner],
        ['?cursor=', mine.keys.owner],
      ] as const;
      for (const [query, key] of cases) {
        const answer = await call(`${api().url}/v1/builds${query}`, { key });
        expect([query, answer.status, problemOf(answer).code]).toEqual([query, 400, 'cursor.invalid']);
      }
      expect((await list(`?cursor=${cursor}`, mine.keys.owner)).builds).toHaveLength(1);
    });

    it.each(['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'state=none'])('refuses the query %s', async (query) => {
      const answer = await call(`${api().url}/v1/builds?${query}`, { key: tenant.keys.owner });
      expect([answer.status, problemOf(answer).code]).toEqual([400, 'request.invalid']);
    });

    it('shows stages, steps and progress', async () => {
      const id = await startExample(api().url, tenant.keys.owner);
      const { ports } = api();
      await forceState(ports, id, 'running');
      const steps = ['bootstrap', 'packages', 'initramfs', 'iso'];
      await storeStage(ports, id, { id: 's1', state: 'running', steps, attempt: 1 });
      await storeAttempt(ports, id, {
        stage: 's1',
        number: 1,
        ticket: 't',
        steps,
        progress: { step: 'packages', percent: 40 },
      });
      const build = await read(id);
      expect(build.percent).toBe(35);
      expect(build.stages[0]?.steps.map(({ id: step, state, percent }) => [step, state, percent])).toEqual([
        ['bootstrap', 'succeeded', 100],
        ['packages', 'running', 40],
        ['initramfs', 'pending', 0],
        ['iso', 'pending', 0],
      ]);
    });

    it('shows why a build failed, without what a terminal would act on', async () => {
      const id = await startExample(api().url, tenant.keys.owner);
      const esc = String.fromCharCode(0x1b);
      await forceState(api().ports, id, 'failed', {
        failure: {
          code: 'script.failed',
          reason: `exit ${esc}]0;owned${esc}\\7`,
          step: 'site',
          exitCode: 7,
          logTail: [`${esc}[2Jgone\u202e\r`],
        },
      });
      expect((await read(id)).failure).toEqual({
        code: 'script.failed',
        reason: 'exit 7',
        step: 'site',
        exitCode: 7,
        logTail: ['gone'],
        remedy: 'Read the last log lines; correct the script; start the build again.',
      });
    });

    it('cancels once and for all', async () => {
      const id = await startExample(api().url, tenant.keys.owner);
      const cancel = () => call(`${api().url}/v1/builds/${id}/cancel`, { method: 'POST', key: tenant.keys.builder });
      const first = await cancel();
      expect(first.status).toBe(202);
      expect(buildViewSchema.parse(first.json())).toMatchObject({ id, cancelRequested: true, ended: false });
      expect((await cancel()).text).toBe(first.text);
      await forceState(api().ports, id, 'succeeded');
      const late = await cancel();
      expect([late.status, problemOf(late).code]).toEqual([409, 'build.terminal']);
    });
  });
}

import { beforeAll, describe, expect, it } from 'vitest';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { buildKey, specKey } from '../../../core/builds/keys.ts';
import type { BuildState } from '../../../core/builds/lifecycle.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, exampleYaml, startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { forceState } from './stored-build.ts';

/** Resuming and retrying builds, and how they run. */
export function describeAgain(api: () => ApiUnderTest): void {
  describe('builds again', () => {
    let tenant: TenantUnderTest;
    beforeAll(async () => {
      tenant = await api().tenant('again');
    });
    const ended = async (state: BuildState) => {
      const id = await startExample(api().url, tenant.keys.builder);
      await forceState(api().ports, id, state);
      return id;
    };
    const post = (path: string, options: { body?: string; type?: string; headers?: Record<string, string> } = {}) =>
      call(`${api().url}/v1/builds${path}`, { method: 'POST', key: tenant.keys.builder, ...options });
    const recordOf = async (id: string) => (await api().ports.table.get(buildKey(id)))?.data;
    const specOf = async (id: string) => (await api().ports.table.get(specKey(id)))?.data;

    it.each(['failed', 'cancelled'] as const)('resumes a build that is %s as a new one of its spec', async (state) => {
      const id = await ended(state);
      const answer = await post(`/${id}:resume`);
      expect(answer.status).toBe(202);
      const build = buildViewSchema.parse(answer.json());
      expect(build).toMatchObject({ state: 'submitted', resumedFrom: id, keepGoing: false });
      expect(build.id).not.toBe(id);
      expect(answer.headers.get('location')).toBe(`/v1/builds/${build.id}`);
      expect(await recordOf(build.id)).toMatchObject({ archiveOf: id, keyId: expect.stringMatching(/^key_/) });
      expect(await specOf(build.id)).toEqual(await specOf(id));
    });

    it('resumes with a changed spec, in JSON or YAML, over the latest archive where that is asked', async () => {
      const id = await ended('failed');
      const json = await post(`/${id}:resume`, { body: JSON.stringify({ ...exampleSpec, name: 'changed' }) });
      expect(buildViewSchema.parse(json.json())).toMatchObject({ name: 'changed', resumedFrom: id });
      const yaml = await post(`/${id}:resume?archive=latest`, { body: exampleYaml, type: 'application/yaml' });
      const build = buildViewSchema.parse(yaml.json());
      expect(await recordOf(build.id)).not.toHaveProperty('archiveOf');
    });

    it.each(['submitted', 'running', 'succeeded'] as const)('resumes no build that is %s', async (state) => {
      const answer = await post(`/${await ended(state)}:resume`);
      expect([answer.status, problemOf(answer).code]).toEqual([409, 'build.not_resumable']);
      expect(problemOf(answer).detail).toContain(state);
    });

    it('refuses a changed spec with every error it has', async () => {
      const answer = await post(`/${await ended('failed')}:resume`, { body: '{"name":"No Name"}' });
      expect([answer.status, problemOf(answer).code]).toEqual([422, 'spec.invalid']);
      expect(problemOf(answer).errors.map(({ path }) => path)).toContain('name');
    });

    it.each(['failed', 'cancelled', 'succeeded'] as const)('retries a build that is %s', async (state) => {
      const id = await ended(state);
      const build = buildViewSchema.parse((await post(`/${id}:retry`)).json());
      expect(build).toMatchObject({ state: 'submitted', retryOf: id });
      expect(await recordOf(build.id)).not.toHaveProperty('archiveOf');
    });

    it('retries no build that has not ended, and takes no body', async () => {
      const answer = await post(`/${await ended('queued')}:retry`);
      expect([answer.status, problemOf(answer).code]).toEqual([409, 'build.not_ended']);
      const withBody = await post(`/${await ended('failed')}:retry`, { body: '{}' });
      expect([withBody.status, problemOf(withBody).errors[0]?.code]).toEqual([400, 'body.unexpected']);
    });

    it.each(['resume', 'retry'])('checks the stored spec of a %s as one of now', async (verb) => {
      const id = await ended('failed');
      const data = { ...(await specOf(id)), outputs: [{ type: 'docker' }] };
      await api().ports.table.transact([{ kind: 'put', key: specKey(id), data }]);
      const answer = await post(`/${id}:${verb}`);
      expect([answer.status, problemOf(answer).code]).toEqual([422, 'spec.invalid']);
      expect(problemOf(answer).errors.map(({ code }) => code)).toEqual(['spec.unsupported_output']);
    });

    it.each(['resume', 'retry'])('answers one build for one idempotency key of a %s', async (verb) => {
      const id = await ended('failed');
      const headers = { 'idempotency-key': `${verb}-${id}` };
      const first = await post(`/${id}:${verb}`, { headers });
      expect([first.status, (await post(`/${id}:${verb}`, { headers })).text]).toEqual([202, first.text]);
      const other = await post(`/${id}:${verb}?keepGoing=true`, { headers });
      expect([other.status, problemOf(other).code]).toEqual([422, 'idempotency.mismatch']);
    });

    it('keeps going where that is asked, and where the build before did', async () => {
      const body = JSON.stringify(exampleSpec);
      const started = buildViewSchema.parse((await post('?keepGoing=true', { body })).json());
      expect(started.keepGoing).toBe(true);
      await forceState(api().ports, started.id, 'failed');
      const resumed = buildViewSchema.parse((await post(`/${started.id}:resume`)).json());
      const retried = buildViewSchema.parse((await post(`/${started.id}:retry?keepGoing=false`)).json());
      expect([resumed.keepGoing, retried.keepGoing]).toEqual([true, false]);
      const wrong = await post('?keepGoing=perhaps', { body });
      expect([wrong.status, problemOf(wrong).errors[0]?.path]).toEqual([400, 'query.keepGoing']);
    });
  });
}

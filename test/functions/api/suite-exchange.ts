import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exchangeResponseSchema } from '../../../core/builds/exchange.ts';
import {
  keptBytesLimit,
  keptFileLimit,
  packagePlace,
  packageQuestionLimit,
} from '../../../core/builds/package-cache.ts';
import { sha256 } from '../../../core/digest.ts';
import { utf8 } from '../../../core/json.ts';
import { setSecret } from '../../../core/secrets/secret-repository.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { forceState, storeAttempt, storeStage } from './stored-build.ts';

/** Address of the one request that an answer holds. */
function exchangeUrl(answer: { json(): unknown }): string {
  const parsed = exchangeResponseSchema.parse(answer.json());
  return parsed.kind === 'upload' ? parsed.request.url : '';
}

const packagesSchema = exchangeResponseSchema.options[2];

const heartbeat = { kind: 'heartbeat', progress: { step: 'bootstrap', percent: 10 } };

/** What a builder may ask with its ticket. */
export function describeExchange(api: () => ApiUnderTest): void {
  describe('exchange', () => {
    let tenant: TenantUnderTest;
    let id: string;
    beforeAll(async () => {
      const { ports } = api();
      tenant = await api().tenant('exchange');
      id = await startExample(api().url, tenant.keys.owner);
      await forceState(ports, id, 'running');
      const steps = ['bootstrap'];
      await storeStage(ports, id, { id: 's1', state: 'running', steps, attempt: 2 });
      await storeAttempt(ports, id, { stage: 's1', number: 1, ticket: 'old ticket', steps, state: 'ended' });
      await storeAttempt(ports, id, { stage: 's1', number: 2, ticket: 'ticket', steps });
    });
    const ask = (body: unknown, ticket: string, stage = `${id}.s1`, attempt = '2') =>
      call(`${api().url}/v1/stages/${stage}/attempts/${attempt}:exchange`, { key: ticket, body: JSON.stringify(body) });

    it('answers a heartbeat, and shows its progress', async () => {
      const answer = await ask(heartbeat, 'ticket');
      expect([answer.status, answer.json()]).toEqual([200, { kind: 'heartbeat', cancelled: false }]);
      const build = await call(`${api().url}/v1/builds/${id}`, { key: tenant.keys.viewer });
      expect(build.json()).toMatchObject({ stages: [{ steps: [{ state: 'running', percent: 10 }] }] });
    });

    it('shows no step backwards where steps beside each other report in turn', async () => {
      const steps = ['base', 'packages', 'module'];
      await storeStage(api().ports, id, { id: 's2', state: 'running', steps, attempt: 1 });
      await storeAttempt(api().ports, id, { stage: 's2', number: 1, ticket: 'beside', steps });
      const seen: number[] = [];
      for (const [step, percent] of [
        ['packages', 20],
        ['module', 50],
        ['packages', 40],
        ['module', 30],
        ['module', 70],
      ] as const) {
        await ask({ kind: 'heartbeat', progress: { step, percent } }, 'beside', `${id}.s2`, '1');
        const build = await call(`${api().url}/v1/builds/${id}`, { key: tenant.keys.viewer });
        seen.push(z.object({ percent: z.number() }).parse(build.json()).percent);
      }
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(new Set(seen).size).toBe(3);
    });

    it('signs an upload of exactly what was declared', async () => {
      const body = 'a layer';
      const declared = { kind: 'declare', step: 'bootstrap', output: 'layer', size: 7, sha256: sha256(body) };
      const answer = await ask(declared, 'ticket');
      expect(answer.json()).toMatchObject({ kind: 'upload', request: { method: 'PUT' } });
    });

    it('begins an upload in parts once, signs each part, and refuses what does not fit', async () => {
      const output = { step: 'bootstrap', output: 'layer' };
      const begun = { kind: 'declare-parts', ...output, size: 2_500, partSize: 1_000 };
      const code = async (question: object) => problemOf(await ask(question, 'ticket')).code;
      const part = { kind: 'declare-part', ...output, number: 3, sha256: sha256('x') };
      expect(await code(part)).toBe('exchange.refused');
      expect((await ask(begun, 'ticket')).json()).toEqual({ kind: 'parts', count: 3 });
      const [one, two] = await Promise.all([ask(begun, 'ticket'), ask(begun, 'ticket')]);
      expect([one.json(), two.json()]).toEqual([one.json(), { kind: 'parts', count: 3 }]);
      const url = (of: { json(): unknown }) => new URL(exchangeUrl(of)).searchParams;
      const [last, again] = [url(await ask(part, 'ticket')), url(await ask(part, 'ticket'))];
      expect([last.get('partNumber'), last.get('uploadId')]).toEqual(['3', again.get('uploadId')]);
      for (const refused of [
        { ...begun, size: 2_501 },
        { ...begun, partSize: 500 },
        { ...begun, step: 'another' },
        { ...begun, output: 'module', size: 1_001, partSize: 1 },
        { ...part, number: 4 },
        { ...part, output: 'index' },
        { kind: 'complete-parts', ...output, parts: [{ sha256: sha256('x'), etag: 'e' }] },
      ]) {
        expect([await code(refused), refused]).toEqual(['exchange.refused', refused]);
      }
      for (const invalid of [
        { ...begun, size: 50 * 1024 ** 3 + 1 },
        { ...begun, output: 'receipt' },
        { ...part, number: 1_001 },
      ]) {
        expect([await code(invalid), invalid]).toEqual(['request.invalid', invalid]);
      }
      const parts = Array.from({ length: 3 }, () => ({ sha256: sha256('x'), etag: '"e"' }));
      expect(await code({ kind: 'complete-parts', ...output, parts })).toBe('blob.parts_refused');
    });

    it.each([
      ['another ticket', 'wrong', undefined, undefined],
      ['the ticket of an ended attempt', 'old', undefined, '1'],
      ['a ticket with another attempt', 'ticket', undefined, '1'],
      ['a ticket with another stage', 'ticket', 's2', undefined],
      ['a ticket with an attempt that never was', 'ticket', undefined, '9'],
    ])('refuses %s', async (_name, ticket, stage, attempt) => {
      const answer = await ask(heartbeat, ticket, `${id}.${stage ?? 's1'}`, attempt);
      expect([answer.status, problemOf(answer).code]).toEqual([401, 'ticket.refused']);
    });

    it('refuses an API key, even of the owner', async () => {
      expect((await ask(heartbeat, tenant.keys.owner)).status).toBe(401);
    });

    it('tells a secret to a step that names it, and to no other', async () => {
      await setSecret(api().ports, { tenantId: tenant.tenantId }, { name: 'site', value: 'hush' });
      await setSecret(api().ports, { tenantId: tenant.tenantId }, { name: 'other', value: 'hush' });
      await storeStage(api().ports, id, { id: 's7', state: 'running', steps: ['packages', 'files'], attempt: 1 });
      const secrets = { packages: ['site', 'removed'] };
      const named = { steps: ['packages', 'files'], secrets };
      await storeAttempt(api().ports, id, { stage: 's7', number: 1, ticket: 'secret-ticket', ...named });
      const tell = (step: string, name: string) =>
        ask({ kind: 'secret', step, name }, 'secret-ticket', `${id}.s7`, '1');
      expect((await tell('packages', 'site')).json()).toEqual({ kind: 'secret', value: 'hush' });
      // Its present value, whatever it was when the build was planned.
      await setSecret(api().ports, { tenantId: tenant.tenantId }, { name: 'site', value: 'newer' });
      expect((await tell('packages', 'site')).json()).toEqual({ kind: 'secret', value: 'newer' });
      for (const [step, name] of [
        ['files', 'site'],
        ['packages', 'other'],
        ['constructor', 'name'],
      ] as const) {
        const answer = await tell(step, name);
        expect([answer.status, problemOf(answer).code]).toEqual([403, 'exchange.refused']);
      }
      const removed = await tell('packages', 'removed');
      expect([removed.status, problemOf(removed).code]).toEqual([404, 'secret.not_found']);
      expect(problemOf(await ask({ kind: 'secret', step: 'bootstrap', name: 'site' }, 'ticket')).code).toBe(
        'exchange.refused',
      );
    });

    it('refuses what the attempt does not have', async () => {
      const fetch = await ask({ kind: 'fetch', digest: '0'.repeat(64) }, 'ticket');
      expect([fetch.status, problemOf(fetch).code]).toEqual([403, 'exchange.refused']);
    });

    it('signs the packages of a digest, and the keeping of exactly its bytes', async () => {
      const body = utf8('a package');
      const digest = sha256(body);
      const kept = await ask({ kind: 'declare-package', size: body.length, sha256: digest }, 'ticket');
      expect(kept.json()).toMatchObject({ kind: 'upload', request: { method: 'PUT' } });
      expect(new URL(exchangeUrl(kept)).pathname).toMatch(new RegExp(`/packages/${digest}$`));
      await api().ports.blobs.put(packagePlace(digest), body, { contentType: 'application/octet-stream' });
      const { requests } = packagesSchema.parse((await ask({ kind: 'packages', digests: [digest] }, 'ticket')).json());
      const got = await fetch(requests[digest]?.url ?? '', { headers: requests[digest]?.headers ?? {} });
      expect(await got.text()).toBe('a package');
    });

    it('lets a stage with a tenant’s code read packages by their digest, and keep none', async () => {
      const { ports } = api();
      await storeAttempt(ports, id, { stage: 's1', number: 3, ticket: 'theirs', steps: ['x'], trust: 'tenant' });
      const read = await ask({ kind: 'packages', digests: ['0'.repeat(64)] }, 'theirs', undefined, '3');
      expect(read.status).toBe(200);
      const kept = await ask({ kind: 'declare-package', size: 1, sha256: sha256('x') }, 'theirs', undefined, '3');
      expect([kept.status, problemOf(kept).code]).toEqual([403, 'exchange.refused']);
    });

    it('bounds what one attempt keeps', async () => {
      await storeAttempt(api().ports, id, { stage: 's1', number: 4, ticket: 'much', steps: ['x'] });
      const keep = () =>
        ask({ kind: 'declare-package', size: keptFileLimit, sha256: sha256('x') }, 'much', undefined, '4');
      const allowed = Math.floor(keptBytesLimit / keptFileLimit);
      for (let count = 0; count < allowed; count += 1) expect((await keep()).status).toBe(200);
      expect(problemOf(await keep())).toMatchObject({ code: 'exchange.refused' });
      const many = {
        kind: 'packages',
        digests: Array.from({ length: packageQuestionLimit + 1 }, () => '0'.repeat(64)),
      };
      expect((await ask(many, 'much', undefined, '4')).status).toBe(400);
    });

    it.each([
      [{ kind: 'nothing' }, `s1`, '2'],
      [{ ...heartbeat, more: 1 }, 's1', '2'],
      [{ kind: 'declare', step: 'x', output: 'layer', size: -1, sha256: 'y' }, 's1', '2'],
      [heartbeat, '..', '2'],
      [heartbeat, 's1', '0'],
    ])('refuses %j of stage %s, attempt %s as not valid', async (body, stage, attempt) => {
      const answer = await ask(body, 'ticket', `${id}.${stage}`, attempt);
      expect([answer.status, problemOf(answer).code]).toEqual([400, 'request.invalid']);
    });

    it('tells of cancellation, and ends with the build', async () => {
      await call(`${api().url}/v1/builds/${id}/cancel`, { method: 'POST', key: tenant.keys.owner });
      expect((await ask(heartbeat, 'ticket')).json()).toEqual({ kind: 'heartbeat', cancelled: true });
      await forceState(api().ports, id, 'cancelled');
      expect((await ask(heartbeat, 'ticket')).status).toBe(401);
    });
  });
}

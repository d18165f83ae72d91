import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { secretKey } from '../../../core/builds/keys.ts';
import { secretLimits } from '../../../core/secrets/limits.ts';
import { findSecret, openSecret } from '../../../core/secrets/secret-repository.ts';
import { secretViewSchema } from '../../../core/secrets/secret-view.ts';
import { sampleArchive } from '../../core/spec/archive-samples.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf } from './http-call.ts';

const listSchema = z.object({ secrets: z.array(secretViewSchema) });

const specNaming = (secret: string) => ({
  ...exampleSpec,
  archives: [sampleArchive({ credentials: { username: 'ci', password: { secret } } })],
});

/** What specs name and must not hold: it goes in and never out. */
export function describeSecrets(api: () => ApiUnderTest): void {
  describe('secrets', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('secrets'), api().tenant('others')]);
    });
    const send = (method: string, name: string, body?: unknown, key = one.keys.owner) =>
      call(`${api().url}/v1/secrets/${name}`, {
        ...{ method, key },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const set = (name: string, value: unknown, key = one.keys.owner) => send('PUT', name, { value }, key);
    const viewOf = (answer: Answer) => secretViewSchema.parse(answer.json());
    const list = async (key = one.keys.builder) =>
      listSchema.parse((await call(`${api().url}/v1/secrets`, { key })).json()).secrets;
    const post = (path: string, body: unknown) =>
      call(`${api().url}${path}`, { key: one.keys.builder, body: JSON.stringify(body) });

    it('are set, answered and listed by name, version and date alone', async () => {
      const made = await set('site', 'hush hush');
      expect([made.status, viewOf(made)]).toMatchObject([201, { name: 'site', version: 1 }]);
      const again = await set('site', 'another');
      expect([again.status, viewOf(again)]).toMatchObject([200, { name: 'site', version: 2 }]);
      await set('other-site', 'third');
      expect(await list()).toMatchObject([
        { name: 'other-site', version: 3 },
        { name: 'site', version: 2 },
      ]);
      expect(await openSecret(api().ports, one.tenantId, 'site')).toBe('another');
    });

    it('are stored sealed, and show in no log', async () => {
      await set('sealed', 'visible-to-nobody');
      const record = JSON.stringify(await api().ports.table.get(secretKey(one.tenantId, 'sealed')));
      expect(record).not.toMatch(/visible-to-nobody|dmlzaWJsZS10by1ub2JvZH/);
      expect(JSON.stringify(api().entries)).not.toContain('visible-to-nobody');
    });

    it('have versions that never come again', async () => {
      const { version } = viewOf(await set('passing', 'a'));
      expect((await send('DELETE', 'passing')).json()).toEqual({ removed: true });
      expect(viewOf(await set('passing', 'b')).version).toBe(version + 1);
    });

    it('get each a version of its own where many are set at once', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => set(`at-once-${at % 4}`, `value ${at}`)));
      expect(new Set(answers.map((answer) => viewOf(answer).version)).size).toBe(8);
      for (const name of ['at-once-0', 'at-once-3']) {
        expect(await openSecret(api().ports, one.tenantId, name)).toMatch(/^value \d$/);
      }
    });

    it.each([
      ['', 'value', 'field.too_small'],
      ['x'.repeat(secretLimits.valueBytes + 1), 'value', 'field.invalid'],
      ['ä'.repeat(secretLimits.valueBytes / 2 + 1), 'value', 'field.invalid'],
      ['two\nlines', 'value', 'field.invalid'],
      ['\u0000', 'value', 'field.invalid'],
      [undefined, 'value', 'field.missing'],
    ])('take no value %#', async (value, path, code) => {
      const answer = await set('refused', value);
      const { errors } = problemOf(answer);
      expect([answer.status, errors.map((error) => [error.path, error.code])]).toEqual([400, [[path, code]]]);
      expect(await findSecret(api().ports.table, one.tenantId, 'refused')).toBeUndefined();
    });

    it('take a value of as many bytes as they may have', async () => {
      expect((await set('large', 'x'.repeat(secretLimits.valueBytes))).status).toBe(201);
    });

    it.each(['UPPER', '-a', 'a-', 'a.b', 'a%20b', 'x'.repeat(65)])('have no name %s', async (name) => {
      expect((await set(name, 'x')).status).toBe(400);
    });

    it('of another tenant are as those that are missing', async () => {
      await set('mine', 'mine');
      expect(await list(other.keys.owner)).toEqual([]);
      const foreign = await send('DELETE', 'mine', undefined, other.keys.owner);
      const missing = await send('DELETE', 'mine-not', undefined, other.keys.owner);
      expect([foreign.status, problemOf(foreign).code]).toEqual([404, 'secret.not_found']);
      expect(problemOf(missing)).toMatchObject({ status: 404, code: 'secret.not_found' });
      // The name that was asked for is all that they say.
      expect(problemOf(foreign).detail).toBe(problemOf(missing).detail.replace('mine-not', 'mine'));
      expect(viewOf(await set('mine', 'theirs', other.keys.owner)).version).toBe(1);
      expect(await openSecret(api().ports, one.tenantId, 'mine')).toBe('mine');
    });

    it('cannot be put in the place of another tenant’s', async () => {
      await set('bound', 'bound');
      const { table } = api().ports;
      const stolen = await findSecret(table, one.tenantId, 'bound');
      if (stolen === undefined) throw new Error('the secret is missing');
      const data = { ...stolen, tenantId: other.tenantId };
      await table.transact([{ kind: 'put', key: secretKey(other.tenantId, 'bound'), data }]);
      await expect(openSecret(api().ports, other.tenantId, 'bound')).rejects.toMatchObject({ code: 'secret.damaged' });
    });

    it('are set and removed by owners alone', async () => {
      for (const key of [one.keys.builder, one.keys.viewer]) {
        expect((await set('by-others', 'x', key)).status).toBe(403);
        expect((await send('DELETE', 'mine', undefined, key)).status).toBe(403);
      }
      expect((await call(`${api().url}/v1/secrets`, { key: one.keys.viewer })).status).toBe(403);
    });

    it('are at most so many', async () => {
      const many = await api().tenant('many');
      for (let at = 0; at < secretLimits.perTenant; at += 1) {
        expect((await set(`s${at}`, 'x', many.keys.owner)).status).toBe(201);
      }
      expect(problemOf(await set('one-more', 'x', many.keys.owner)).code).toBe('secret.too_many');
      expect((await set('s1', 'y', many.keys.owner)).status).toBe(200);
      await send('DELETE', 's0', undefined, many.keys.owner);
      expect((await set('one-more', 'x', many.keys.owner)).status).toBe(201);
      expect(await list(many.keys.owner)).toHaveLength(secretLimits.perTenant);
    });

    it('must be there where a spec names them', async () => {
      const field = {
        path: 'archives[0].credentials.password.secret',
        code: 'spec.unknown_secret',
        reason: expect.stringContaining('nowhere'),
      };
      for (const path of ['/v1/builds', '/v1/builds:plan']) {
        const answer = await post(path, specNaming('nowhere'));
        expect([answer.status, problemOf(answer)]).toMatchObject([422, { code: 'spec.invalid', errors: [field] }]);
      }
      const verdict = await post('/v1/specs/validate', specNaming('nowhere'));
      expect(verdict.json()).toMatchObject({ valid: false, errors: [field] });
      await set('here', 'x');
      expect((await post('/v1/builds', specNaming('here'))).status).toBe(202);
      // Of an image's sources nothing is asked.
      const [archive] = specNaming('nowhere').archives;
      const image = { ...exampleSpec, archives: [{ ...archive, for: 'image' }] };
      expect((await post('/v1/builds', image)).status).toBe(202);
    });
  });
}

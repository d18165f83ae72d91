import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BuiltInRole, builtInRoleNames } from '../../../core/access/built-in-roles.ts';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { pendingPlace } from '../../../core/audit/places.ts';
import { sha256 } from '../../../core/digest.ts';
import { pluginLimits } from '../../../core/plugins/limits.ts';
import { pluginViewSchema } from '../../../core/plugins/views.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { problemOf, withoutRequestId } from './http-call.ts';
import { judges, pluginsUnder } from './plugins-under-test.ts';

const listSchema = z.strictObject({ plugins: z.array(pluginViewSchema) });

const [readers, writers] = [
  new Set<BuiltInRole>(['operator', 'owner', 'admin', 'builder', 'auditor']),
  new Set<BuiltInRole>(['operator', 'owner', 'admin']),
];

/** A tenant's own code over the API, in real sandboxes. */
export function describePlugins(api: () => ApiUnderTest): void {
  describe('plugins', () => {
    const { there, send, put, refusal, view, version } = pluginsUnder(api);
    beforeAll(async () => {
      await put('asked', { wants: { clock: true, fetch: ['a.example.com'] } });
      await put('held', { wants: { clock: true } });
    });
    const listed = async (key = there().one.keys.admin) =>
      listSchema.parse((await send('GET', '/plugins', undefined, key)).json()).plugins;
    const remove = (name: string) => send('DELETE', `/plugins/${name}`);

    it('are put, enabled, granted, disabled and removed; each change is written down', async () => {
      const wants = { clock: true, fetch: ['api.example.com'] };
      const made = await put('labels', { wants, description: 'Ours' });
      expect(made.status).toBe(201);
      expect(version(made)).toMatchObject({
        ...{ version: 1, code: judges, sha256: sha256(judges) },
        declaration: { name: 'labels', onFailure: 'fail-closed', order: 100, wants: { ...wants, random: false } },
      });
      const same = await put('labels', { wants, description: 'Ours' });
      expect([same.status, version(same)]).toEqual([200, version(made)]);
      const second = await put('labels', { wants, description: 'Ours, mended' });
      expect([second.status, version(second).version]).toEqual([201, 2]);
      expect(version(await send('GET', '/plugins/labels/versions/1'))).toEqual(version(made));

      const fresh = view(await send('GET', '/plugins/labels'));
      expect(fresh).toMatchObject({ name: 'labels', latest: 2, granted: { clock: false, random: false, fetch: [] } });
      expect([fresh.enabled, fresh.order]).toEqual([undefined, undefined]);
      expect((await listed()).map(({ name }) => name)).toEqual(['asked', 'held', 'labels']);
      expect((await listed())[2]).toEqual(fresh);

      const steps: readonly (readonly [string, object | undefined, object])[] = [
        ['enable', { version: 1, order: 7 }, { enabled: 1, order: 7 }],
        ['enable', {}, { enabled: 2 }],
        ['grant', { granted: wants }, { enabled: 2, granted: { ...wants, random: false } }],
        ['revoke', undefined, { enabled: 2, granted: { clock: false, fetch: [] } }],
        ['disable', undefined, { latest: 2 }],
        ['disable', undefined, { latest: 2 }],
      ];
      for (const [verb, body, shown] of steps) {
        const answer = await send('POST', `/plugins/labels:${verb}`, body);
        expect([verb, answer.status, view(answer)]).toMatchObject([verb, 200, shown]);
      }
      const last = view(await send('GET', '/plugins/labels'));
      expect([last.enabled, last.order]).toEqual([undefined, undefined]);
      expect((await remove('labels')).json()).toEqual({ removed: true });
      expect((await listed()).map(({ name }) => name)).toEqual(['asked', 'held']);

      const { partition } = pendingPlace(there().one.tenantId, 'aud_0');
      const { records } = await api().ports.table.query({ partition, limit: 1_000 });
      const entries = records.map(({ data }) => auditEntrySchema.parse(data));
      // What changed nothing, the same version and the second disabling, is not among them.
      expect(entries.filter(({ target }) => target === 'labels').map(({ action }) => action.slice(7))).toEqual([
        ...['version_put', 'version_put', 'enabled', 'enabled', 'granted', 'revoked', 'disabled', 'removed'],
      ]);
    });

    it('that are removed keep their place: no number of a version comes again', async () => {
      await put('gone');
      await put('gone', { order: 1 });
      await remove('gone');
      for (const [method, path, body] of [
        ['GET', ''],
        ['GET', '/versions/1'],
        ['DELETE', ''],
        ['POST', ':enable', {}],
        ['POST', ':disable'],
        ['POST', ':grant', { granted: {} }],
        ['POST', ':revoke'],
      ] as const) {
        expect(refusal(await send(method, `/plugins/gone${path}`, body))).toEqual([404, 'plugin.not_found']);
      }
      // The same as the latest, of a plugin that is gone, is the next.
      const again = await put('gone', { order: 1 });
      expect([again.status, version(again).version]).toEqual([201, 3]);
      expect(view(await send('GET', '/plugins/gone'))).toMatchObject({ latest: 3 });
      expect(refusal(await send('GET', '/plugins/gone/versions/1'))).toEqual([404, 'plugin.version_not_found']);
      await remove('gone');
    });

    it.each([
      ['a name that is not the path’s', { name: 'another' }, judges, 422, 'plugin.code_refused', 'declaration.name'],
      ['no hooks', { hooks: [] }, judges, 400, 'request.invalid', 'declaration.hooks'],
      ['a hook that there is not', { hooks: ['constructor'] }, judges, 400, 'request.invalid', 'declaration.hooks[0]'],
      ['an order beyond all', { order: 1_001 }, judges, 400, 'request.invalid', 'declaration.order'],
      [
        'a host with a port',
        { wants: { fetch: ['a.example:1'] } },
        judges,
        400,
        'request.invalid',
        'declaration.wants',
      ],
      [
        'more time than there is',
        { timeoutMilliseconds: 2_001 },
        judges,
        400,
        'request.invalid',
        'declaration.timeout',
      ],
      ['a member that nobody knows', { network: true }, judges, 400, 'request.invalid', 'declaration'],
      ['no code', {}, '', 400, 'request.invalid', 'code'],
      ['too much code', {}, '/'.repeat(pluginLimits.codeBytes.value + 1), 400, 'request.invalid', 'code'],
      ['too many bytes', {}, `//${'é'.repeat(pluginLimits.codeBytes.value / 2)}`, 422, 'plugin.code_refused', 'code'],
      ['what is no module', {}, 'export function (', 422, 'plugin.code_refused', 'code'],
      ['a module that imports', {}, 'import "node:fs";', 422, 'plugin.code_refused', 'code'],
      ['without its hook', {}, 'export const validateSpec = 1;', 422, 'plugin.code_refused', 'code'],
      ['what throws as it is loaded', {}, 'throw new Error("no");', 422, 'plugin.code_refused', 'code'],
      ['what never ends', { timeoutMilliseconds: 100 }, 'for (;;) {}', 422, 'plugin.code_refused', 'code'],
    ])('are not made of %s', async (_name, given, code, status, problem, path) => {
      const answer = await put('wrong', given, code);
      expect(refusal(answer)).toEqual([status, problem]);
      const [error] = problemOf(answer).errors;
      expect(error?.path.slice(0, path.length)).toBe(path);
      expect(error?.remedy).toMatch(/\w/);
      expect(refusal(await send('GET', '/plugins/wrong'))).toEqual([404, 'plugin.not_found']);
    });

    it('are as large as they may be, and no larger body is read', async () => {
      const code = `${judges}//`.padEnd(pluginLimits.codeBytes.value, 'x');
      expect((await put('large', {}, code)).status).toBe(201);
      expect(version(await send('GET', '/plugins/large/versions/1')).sha256).toBe(sha256(code));
      await remove('large');
      expect(refusal(await put('large', {}, 'x'.repeat(6 * pluginLimits.codeBytes.value)))).toEqual([
        ...[413, 'request.too_large'],
      ]);
    });

    it.each([
      ['POST', '/plugins/asked:enable', { version: 2 }, 404, 'plugin.version_not_found'],
      ['POST', '/plugins/asked:enable', { version: 0 }, 400, 'request.invalid'],
      ['POST', '/plugins/asked:enable', { order: -1 }, 400, 'request.invalid'],
      ['POST', '/plugins/asked:enable', { later: true }, 400, 'request.invalid'],
      ['POST', '/plugins/asked:grant', {}, 400, 'request.invalid'],
      ['POST', '/plugins/asked:grant', { granted: { network: true } }, 400, 'request.invalid'],
      ['POST', '/plugins/asked:grant', { granted: { fetch: ['*'] } }, 400, 'request.invalid'],
      ['POST', '/plugins/asked:grant', { granted: { random: true } }, 422, 'plugin.grant_refused'],
      ['POST', '/plugins/asked:grant', { granted: { fetch: ['b.example.com'] } }, 422, 'plugin.grant_refused'],
      ['POST', '/plugins/asked:grant', { version: 9, granted: {} }, 404, 'plugin.version_not_found'],
      ['GET', '/plugins/asked/versions/2', undefined, 404, 'plugin.version_not_found'],
      ['GET', '/plugins/asked/versions/0', undefined, 400, 'request.invalid'],
      ['GET', '/plugins/Asked', undefined, 400, 'request.invalid'],
      ['GET', '/plugins/none', undefined, 404, 'plugin.not_found'],
    ] as const)('refuse %s %s with %j', async (method, path, body, status, code) => {
      const before = view(await send('GET', '/plugins/asked'));
      expect(refusal(await send(method, path, body))).toEqual([status, code]);
      expect(view(await send('GET', '/plugins/asked'))).toEqual(before);
    });

    it('grant what a version wants, and what a later one wants beyond is granted anew', async () => {
      const first = { clock: true, random: false, fetch: ['a.example.com'] };
      const later = { clock: true, random: true, fetch: ['a.example.com', 'b.example.com'] };
      await put('grown', { wants: first });
      await send('POST', '/plugins/grown:enable', {});
      await send('POST', '/plugins/grown:grant', { granted: first });
      await put('grown', { wants: later });
      expect(view(await send('GET', '/plugins/grown')).granted).toEqual(first);
      // Of one version it is what that version wants.
      const beyond = await send('POST', '/plugins/grown:grant', { version: 1, granted: later });
      expect(refusal(beyond)).toEqual([422, 'plugin.grant_refused']);
      expect(problemOf(beyond).detail).toContain('Version 1 does not want random, fetch of b.example.com.');
      expect(view(await send('POST', '/plugins/grown:grant', { granted: later })).granted).toEqual(later);
      await remove('grown');
      await put('grown', { wants: later });
      expect(view(await send('GET', '/plugins/grown')).granted).toEqual({ clock: false, random: false, fetch: [] });
      await remove('grown');
    });

    it.each(builtInRoleNames)('are for the role %s what it may', async (role) => {
      const key = there().one.keys[role];
      const reads = [send('GET', '/plugins', undefined, key), send('GET', '/plugins/held', undefined, key)];
      const code = send('GET', '/plugins/held/versions/1', undefined, key);
      for (const answer of await Promise.all([...reads, code])) {
        expect(answer.status).toBe(readers.has(role) ? 200 : 403);
      }
      const name = `of-${role}`;
      for (const answer of [
        await put(name, {}, judges, key),
        await send('POST', '/plugins/held:enable', {}, key),
        await send('POST', '/plugins/held:grant', { granted: { clock: true } }, key),
        await send('POST', '/plugins/held:revoke', undefined, key),
        await send('POST', '/plugins/held:disable', undefined, key),
        await send('DELETE', `/plugins/${name}`, undefined, key),
      ]) {
        if (writers.has(role)) expect([200, 201]).toContain(answer.status);
        else expect(refusal(answer)).toEqual([403, 'access.forbidden']);
      }
      expect(view(await send('GET', '/plugins/held'))).toMatchObject({ latest: 1, granted: { clock: false } });
    });

    it('of another tenant are like missing ones', async () => {
      await put('hidden');
      await send('POST', '/plugins/hidden:enable', {});
      const key = there().other.keys.owner;
      expect(await listed(key)).toEqual([]);
      for (const [method, path, body] of [
        ['GET', ''],
        ['GET', '/versions/1'],
        ['DELETE', ''],
        ['POST', ':enable', {}],
        ['POST', ':disable'],
        ['POST', ':grant', { granted: {} }],
        ['POST', ':revoke'],
      ] as const) {
        const theirs = await send(method, `/plugins/hidden${path}`, body, key);
        const none = await send(method, `/plugins/nobodys${path}`, body, key);
        expect(refusal(theirs)).toEqual([404, 'plugin.not_found']);
        expect(withoutRequestId(theirs)).toBe(withoutRequestId(none).replaceAll('nobodys', 'hidden'));
      }
      // Of the same name they are two, and each tenant's count from 1.
      expect(version(await put('hidden', { order: 5 }, judges, key)).version).toBe(1);
      expect(view(await send('GET', '/plugins/hidden'))).toMatchObject({ latest: 1, enabled: 1 });
      expect((await send('DELETE', '/plugins/hidden', undefined, key)).status).toBe(200);
      expect(view(await send('GET', '/plugins/hidden'))).toMatchObject({ latest: 1, enabled: 1 });
      await remove('hidden');
    });
  });
}

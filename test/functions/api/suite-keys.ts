import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { builtInRoles } from '../../../core/access/built-in-roles.ts';
import { createApiKey } from '../../../core/access/key-repository.ts';
import { apiKeyViewSchema, madeKeySchema, memberViewSchema } from '../../../core/access/views.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { type Answer, call, problemOf } from './http-call.ts';

const madeSchema = z.object({ key: apiKeyViewSchema, text: z.string() });
const listSchema = z.object({ keys: z.array(apiKeyViewSchema) });

/** API keys: shown once, narrowed, rotated, revoked. */
export function describeKeys(api: () => ApiUnderTest): void {
  describe('keys', () => {
    let one: TenantUnderTest;
    beforeAll(async () => {
      one = await api().tenant('keys');
    });
    const send = (
      method: string,
      path: string,
      body?: unknown,
      key = one.keys.owner,
      more: Record<string, string> = {},
    ) =>
      call(`${api().url}${path}`, {
        ...{ method, key, headers: more },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const refusal = (answer: Answer) => [answer.status, problemOf(answer).code];
    const add = async (roles: string[]) =>
      memberViewSchema.parse((await send('POST', '/v1/members', { name: 'Ada', roles })).json());
    const keyOf = async (memberId: string, more: object = {}) =>
      madeSchema.parse((await send('POST', '/v1/keys', { name: 'test', memberId, ...more })).json());
    const memberOf = async (key: string) =>
      z.object({ member: memberViewSchema }).parse((await send('GET', '/v1/whoami', undefined, key)).json()).member
        .memberId;

    it('are shown once, listed with their use, rotated and revoked', async () => {
      const ada = await add(['builder']);
      const { key, text } = await keyOf(ada.memberId, {
        scopes: ['builds:read', 'keys:own'],
        addressRanges: ['127.0.0.0/8'],
      });
      expect(key).toMatchObject({ state: 'live', scopes: ['builds:read', 'keys:own'], memberId: ada.memberId });
      await memberOf(text);
      const own = listSchema.parse((await send('GET', '/v1/keys', undefined, text)).json());
      expect(own.keys).toHaveLength(1);
      expect(own.keys[0]).toMatchObject({ keyId: key.keyId, lastUsedFrom: '127.0.0.1' });
      expect(own.keys[0]?.lastUsedAt).toBeDefined();
      const rotated = madeKeySchema.parse(
        (await send('POST', `/v1/keys/${key.keyId}:rotate`, { overlapSeconds: 60 }, text)).json(),
      );
      for (const live of [text, rotated.text ?? '']) expect(await memberOf(live)).toBe(ada.memberId);
      expect(refusal(await send('POST', `/v1/keys/${key.keyId}:rotate`, {}, text))).toEqual([409, 'key.rotating']);
      expect((await send('DELETE', `/v1/keys/${key.keyId}`, undefined, rotated.text)).status).toBe(200);
      expect((await send('GET', '/v1/whoami', undefined, text)).status).toBe(401);
      const all = await send('GET', `/v1/keys?memberId=${ada.memberId}`);
      expect(listSchema.parse(all.json()).keys.map(({ state }) => state)).toEqual(['revoked', 'live']);
      expect(all.text).not.toMatch(/secret|[0-9a-f]{64}/);
    });

    it('for other addresses alone answer nothing here', async () => {
      const ada = await add(['builder']);
      const { text } = await keyOf(ada.memberId, { addressRanges: ['192.0.2.0/24'] });
      expect(refusal(await send('GET', '/v1/builds', undefined, text))).toEqual([403, 'access.address_refused']);
    });

    it.each([
      [{ name: 'x', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
      [{ name: 'x', scopes: [] }, 'scopes'],
      [{ name: 'x', scopes: ['*'] }, 'scopes[0]'],
      [{ name: 'x', addressRanges: ['10.0.0.0/33'] }, 'addressRanges[0]'],
      [{ name: 'x', memberId: 'mem_1' }, 'memberId'],
    ])('are refused with a reason: %j', async (body, field) => {
      const answer = await send('POST', '/v1/keys', body);
      expect(refusal(answer)).toEqual([400, 'request.invalid']);
      expect(problemOf(answer).errors.map(({ path }) => path)).toEqual([field]);
    });

    it('are neither seen nor touched by others without a permission', async () => {
      const ada = await add(['builder']);
      const { key } = await keyOf(ada.memberId);
      const { builder } = one.keys;
      expect(refusal(await send('GET', `/v1/keys?memberId=${ada.memberId}`, undefined, builder))).toEqual([
        403,
        'access.forbidden',
      ]);
      expect(refusal(await send('POST', '/v1/keys', { name: 'x', memberId: ada.memberId }, builder))).toEqual([
        403,
        'access.forbidden',
      ]);
      expect(refusal(await send('DELETE', `/v1/keys/${key.keyId}`, undefined, builder))).toEqual([
        403,
        'access.forbidden',
      ]);
    });

    it('are made once for one Idempotency-Key, and shown once', async () => {
      const once = () => send('POST', '/v1/keys', { name: 'once' }, one.keys.owner, { 'idempotency-key': 'key-1' });
      const [first, again] = [madeKeySchema.parse((await once()).json()), madeKeySchema.parse((await once()).json())];
      expect([first.text !== undefined, again.text]).toEqual([true, undefined]);
      expect(again.key.keyId).toBe(first.key.keyId);
    });

    it('rotated by somebody else may no more than their member could then', async () => {
      const viewer = await add(['viewer']);
      const { tenantId } = one;
      const { record } = await createApiKey(api().ports, { tenantId, memberId: viewer.memberId, name: 'own' });
      expect(record.scopes).toBeUndefined();
      const rotated = madeKeySchema.parse((await send('POST', `/v1/keys/${record.keyId}:rotate`, {})).json());
      expect(rotated.key.scopes).toContain('builds:read');
      expect(rotated.key.scopes).not.toContain('builds:create');
    });

    it('may no more than their member, nor than the key that made them', async () => {
      const ada = await add(['admin']);
      const narrow = await keyOf(ada.memberId, { scopes: ['keys:own', 'keys:write', 'builds:read'] });
      const make = (body: object, key = narrow.text) => send('POST', '/v1/keys', { name: 'x', ...body }, key);
      expect(refusal(await make({}))).toEqual([403, 'access.not_held']);
      expect(refusal(await make({ scopes: ['members:write'] }))).toEqual([403, 'access.not_held']);
      expect((await make({ scopes: ['builds:read'] })).status).toBe(201);
      const wide = await keyOf(ada.memberId);
      expect(refusal(await send('POST', `/v1/keys/${wide.key.keyId}:rotate`, {}, narrow.text))).toEqual([
        403,
        'access.not_held',
      ]);
      expect(refusal(await send('DELETE', `/v1/keys/${wide.key.keyId}`, undefined, narrow.text))).toEqual([
        403,
        'access.not_held',
      ]);
      expect((await send('DELETE', `/v1/keys/${narrow.key.keyId}`, undefined, narrow.text)).status).toBe(200);
      // A scope that the member lacks would be without effect.
      const viewer = await add(['viewer']);
      expect(
        refusal(await send('POST', '/v1/keys', { name: 'x', memberId: viewer.memberId, scopes: ['builds:create'] })),
      ).toEqual([403, 'access.not_held']);
    });

    it('are for no more addresses, and live no longer, than the key that makes them', async () => {
      const ada = await add(['builder']);
      const expiresAt = '2099-01-01T00:00:00Z';
      const bound = (await keyOf(ada.memberId, { addressRanges: ['127.0.0.0/8', '::1'], expiresAt })).text;
      const make = (body: object) => send('POST', '/v1/keys', { name: 'x', ...body }, bound);
      const within = { addressRanges: ['127.0.0.1'], expiresAt: '2098-01-01T00:00:00Z' };
      expect((await make(within)).status).toBe(201);
      for (const wider of [
        {},
        { ...within, addressRanges: ['126.0.0.0/7'] },
        { ...within, addressRanges: ['127.0.0.1', '192.0.2.1'] },
        { ...within, expiresAt: '2099-01-01T00:00:01Z' },
        { addressRanges: ['127.0.0.1'] },
      ]) {
        expect([wider, ...refusal(await make(wider))]).toEqual([wider, 403, 'access.not_held']);
      }
      // Rotating gives the text of a key away: an unbound one is not for a bound one to rotate.
      const unbound = await keyOf(ada.memberId);
      expect(refusal(await send('POST', `/v1/keys/${unbound.key.keyId}:rotate`, {}, bound))).toEqual([
        403,
        'access.not_held',
      ]);
      expect((await send('DELETE', `/v1/keys/${unbound.key.keyId}`, undefined, bound)).status).toBe(200);
    });

    it('of others take all that these hold, and are bound to what they hold now', async () => {
      const { admin } = one.keys;
      const forOwner = { name: 'x', memberId: one.ownerId, scopes: ['builds:read'] };
      expect(refusal(await send('POST', '/v1/keys', forOwner, admin))).toEqual([403, 'access.not_held']);
      const narrow = await keyOf(one.ownerId, { scopes: ['builds:read'] });
      for (const [method, path] of [
        ['POST', `/v1/keys/${narrow.key.keyId}:rotate`],
        ['DELETE', `/v1/keys/${narrow.key.keyId}`],
      ] as const) {
        expect(refusal(await send(method, path, method === 'POST' ? {} : undefined, admin))).toEqual([
          403,
          'access.not_held',
        ]);
      }
      const ada = await add(['viewer']);
      const made = madeSchema.parse(
        (await send('POST', '/v1/keys', { name: 'x', memberId: ada.memberId }, admin)).json(),
      );
      expect(made.key.scopes).toEqual([...builtInRoles.viewer.grants].sort());
      await send('PATCH', `/v1/members/${ada.memberId}`, { roles: ['owner'] });
      expect(refusal(await send('GET', '/v1/members', undefined, made.text))).toEqual([403, 'access.forbidden']);
    });
  });
}

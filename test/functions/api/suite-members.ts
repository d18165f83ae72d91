import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { builtInRoleNames } from '../../../core/access/built-in-roles.ts';
import { accessLimits } from '../../../core/access/limits.ts';
import { grants } from '../../../core/access/permissions.ts';
import { apiKeyViewSchema, memberViewSchema, roleViewSchema } from '../../../core/access/views.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { type Answer, call, problemOf, withoutRequestId } from './http-call.ts';

const foundedSchema = z.object({
  tenant: z.object({ tenantId: z.string() }),
  owner: memberViewSchema,
  text: z.string(),
});
const whoSchema = z.object({
  tenant: z.object({ name: z.string() }),
  member: memberViewSchema,
  permissions: z.array(z.string()),
});

/** Tenants, members, roles and keys: who lets whom do what. */
export function describeMembers(api: () => ApiUnderTest): void {
  describe('members', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('members'), api().tenant('strangers')]);
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
    const add = async (roles: string[], more: object = {}, key = one.keys.owner) =>
      memberViewSchema.parse((await send('POST', '/v1/members', { name: 'Ada', roles, ...more }, key)).json());
    const keyOf = async (memberId: string, more: object = {}) => {
      const answer = await send('POST', '/v1/keys', { name: 'test', memberId, ...more });
      return z.object({ key: apiKeyViewSchema, text: z.string() }).parse(answer.json());
    };
    const who = async (key: string) => whoSchema.parse((await send('GET', '/v1/whoami', undefined, key)).json());

    it('are added, read, listed, changed and removed', async () => {
      const ada = await add(['viewer'], { email: 'ada@example.org' });
      expect(ada).toMatchObject({ kind: 'person', roles: ['viewer'], email: 'ada@example.org' });
      expect((await send('GET', `/v1/members/${ada.memberId}`)).json()).toEqual(ada);
      const changed = await send('PATCH', `/v1/members/${ada.memberId}`, {
        email: null,
        roles: ['builder', 'builder'],
      });
      expect(changed.json()).toMatchObject({ name: 'Ada', roles: ['builder'] });
      expect(memberViewSchema.parse(changed.json()).email).toBeUndefined();
      const list = z
        .object({ members: z.array(memberViewSchema) })
        .parse((await send('GET', '/v1/members?limit=100')).json());
      expect(list.members.map(({ memberId }) => memberId)).toContain(ada.memberId);
      const { text } = await keyOf(ada.memberId);
      expect((await who(text)).member.memberId).toBe(ada.memberId);
      expect((await send('DELETE', `/v1/members/${ada.memberId}`)).status).toBe(200);
      expect((await send('GET', '/v1/whoami', undefined, text)).status).toBe(401);
      expect(refusal(await send('GET', `/v1/members/${ada.memberId}`))).toEqual([404, 'member.not_found']);
    });

    it('are paged, each once', async () => {
      const tenant = await api().tenant('pages');
      const seen: string[] = [];
      let cursor = '';
      do {
        const answer = await send('GET', `/v1/members?limit=3${cursor}`, undefined, tenant.keys.owner);
        const page = z
          .object({ members: z.array(memberViewSchema), cursor: z.string().optional() })
          .parse(answer.json());
        seen.push(...page.members.map(({ memberId }) => memberId));
        cursor = page.cursor === undefined ? '' : `&cursor=${encodeURIComponent(page.cursor)}`;
      } while (cursor !== '');
      // A member for each role.
      expect([seen.length, new Set(seen).size]).toEqual([builtInRoleNames.length, builtInRoleNames.length]);
      expect((await send('GET', '/v1/members?cursor=x.y')).status).toBe(400);
    });

    it('are added once for one Idempotency-Key', async () => {
      const once = (name: string) =>
        send('POST', '/v1/members', { name, roles: ['viewer'] }, one.keys.owner, { 'idempotency-key': 'member-1' });
      const [first, again] = [await once('Once'), await once('Once')];
      expect([first.status, again.status]).toEqual([201, 200]);
      expect(again.json()).toEqual(first.json());
      expect(refusal(await once('Twice'))).toEqual([422, 'idempotency.mismatch']);
    });

    it.each([
      [{ name: '', roles: ['viewer'] }, 'name'],
      [{ name: '<b>', roles: ['viewer'] }, 'name'],
      [{ name: 'Ada', roles: [] }, 'roles'],
      [{ name: 'Ada', roles: ['Owner'] }, 'roles[0]'],
      [{ name: 'Ada', roles: ['viewer'], email: 'nobody' }, 'email'],
      [{ name: 'Ada', roles: ['viewer'], kind: 'robot' }, 'kind'],
    ])('are refused with a reason: %j', async (body, field) => {
      const answer = await send('POST', '/v1/members', body);
      expect(refusal(answer)).toEqual([400, 'request.invalid']);
      expect(problemOf(answer).errors.map(({ path }) => path)).toEqual([field]);
    });

    it('of another tenant are as those that are not there, and so are their keys', async () => {
      const ada = await add(['viewer']);
      const { key } = await keyOf(ada.memberId);
      const strangers = other.keys.owner;
      const missing = `mem_${'0'.repeat(26)}`;
      const reads = [
        ['GET', '/v1/members/', ada.memberId, missing, undefined],
        ['PATCH', '/v1/members/', ada.memberId, missing, { name: 'Eve' }],
        ['DELETE', '/v1/members/', ada.memberId, missing, undefined],
        ['DELETE', '/v1/keys/', key.keyId, `key_${'0'.repeat(26)}`, undefined],
      ] as const;
      for (const [method, path, theirs, none, body] of reads) {
        const [foreign, absent] = [
          await send(method, path + theirs, body, strangers),
          await send(method, path + none, body, strangers),
        ];
        expect([method, foreign.status]).toEqual([method, 404]);
        expect(withoutRequestId(foreign)).toBe(withoutRequestId(absent));
      }
      expect(refusal(await send('POST', '/v1/keys', { name: 'x', memberId: ada.memberId }, strangers))).toEqual([
        404,
        'member.not_found',
      ]);
    });

    describe('hold', () => {
      it('roles of the tenant’s own, which go when nobody has them', async () => {
        const made = await send('PUT', '/v1/roles/shipping', {
          description: 'ships',
          grants: ['artifacts:read', 'builds:read'],
        });
        expect([made.status, roleViewSchema.parse(made.json()).builtIn]).toEqual([201, false]);
        expect((await send('PUT', '/v1/roles/shipping', { grants: ['builds:read'] })).status).toBe(200);
        const ada = await add(['shipping']);
        const { text } = await keyOf(ada.memberId);
        expect((await send('GET', '/v1/builds', undefined, text)).status).toBe(200);
        expect(refusal(await send('GET', '/v1/cache', undefined, text))).toEqual([403, 'access.forbidden']);
        expect(refusal(await send('DELETE', '/v1/roles/shipping'))).toEqual([409, 'role.in_use']);
        await send('PATCH', `/v1/members/${ada.memberId}`, { roles: ['viewer'] });
        expect((await send('DELETE', '/v1/roles/shipping')).status).toBe(200);
        expect(refusal(await send('DELETE', '/v1/roles/shipping'))).toEqual([404, 'role.not_found']);
        expect(refusal(await send('POST', '/v1/members', { name: 'Ada', roles: ['shipping'] }))).toEqual([
          404,
          'role.not_found',
        ]);
      });

      it('built-in roles, which nobody changes', async () => {
        const { roles } = z.object({ roles: z.array(roleViewSchema) }).parse((await send('GET', '/v1/roles')).json());
        expect(roles.filter(({ builtIn }) => builtIn)).toHaveLength(builtInRoleNames.length);
        expect(refusal(await send('PUT', '/v1/roles/owner', { grants: [] }))).toEqual([409, 'role.built_in']);
        expect(refusal(await send('DELETE', '/v1/roles/viewer'))).toEqual([409, 'role.built_in']);
        const unknown = await send('PUT', '/v1/roles/odd', { grants: ['builds:destroy'] });
        expect(refusal(unknown)).toEqual([400, 'request.invalid']);
      });

      it('no more than whoever gave it', async () => {
        const { admin, owner, operator } = one.keys;
        const cases: [string, string, string, unknown][] = [
          [admin, 'POST', '/v1/members', { name: 'Eve', roles: ['owner'] }],
          [admin, 'POST', '/v1/members', { name: 'Eve', roles: ['operator'] }],
          [owner, 'POST', '/v1/members', { name: 'Eve', roles: ['operator'] }],
          [admin, 'PUT', '/v1/roles/wild', { grants: ['builds:*'] }],
          [owner, 'PUT', '/v1/roles/wild', { grants: ['installation:operate'] }],
          [owner, 'PUT', '/v1/roles/wild', { grants: ['installation:*'] }],
          [admin, 'PATCH', `/v1/members/${one.ownerId}`, { roles: ['viewer'] }],
          [admin, 'PATCH', `/v1/members/${one.ownerId}`, { suspended: true }],
          [admin, 'DELETE', `/v1/members/${one.ownerId}`, undefined],
          [admin, 'POST', '/v1/keys', { name: 'x', memberId: one.ownerId }],
        ];
        for (const [key, method, path, body] of cases) {
          expect([method, path, ...refusal(await send(method, path, body, key))]).toEqual([
            method,
            path,
            403,
            'access.not_held',
          ]);
        }
        expect((await send('PUT', '/v1/roles/wild', { grants: ['builds:*'] }, owner)).status).toBe(201);
        expect((await send('PUT', '/v1/roles/all', { grants }, operator)).status).toBe(201);
        expect(refusal(await send('PUT', '/v1/roles/all', { grants: [] }, owner))).toEqual([403, 'access.not_held']);
        expect(refusal(await send('DELETE', '/v1/roles/all', undefined, owner))).toEqual([403, 'access.not_held']);
      });
    });

    describe('keep an owner', () => {
      it('whatever is tried', async () => {
        const tenant = await api().tenant('keep');
        const path = `/v1/members/${tenant.ownerId}`;
        const owner = tenant.keys.owner;
        for (const [method, body] of [
          ['PATCH', { roles: ['viewer'] }],
          ['PATCH', { suspended: true }],
          ['DELETE', undefined],
        ] as const) {
          expect(refusal(await send(method, path, body, owner))).toEqual([409, 'access.last_owner']);
        }
        // A service account is nobody who could come in.
        await add(['owner'], { kind: 'service' }, owner);
        expect(refusal(await send('DELETE', path, undefined, owner))).toEqual([409, 'access.last_owner']);
        const second = await add(['owner'], {}, owner);
        expect((await send('PATCH', path, { roles: ['viewer', 'owner'] }, owner)).status).toBe(200);
        const tries = await Promise.all(
          [path, `/v1/members/${second.memberId}`].map((one) => send('DELETE', one, undefined, tenant.keys.operator)),
        );
        expect(tries.map(({ status }) => status).sort()).toEqual([200, 409]);
      });
    });

    describe('stand in tenants', () => {
      it('that the operator makes, with an owner who lets others in', async () => {
        const { operator, owner } = one.keys;
        const body = { name: 'Globex', owner: { name: 'Hank' } };
        expect(refusal(await send('POST', '/v1/tenants', body, owner))).toEqual([403, 'access.forbidden']);
        const founded = foundedSchema.parse((await send('POST', '/v1/tenants', body, operator)).json());
        expect(await who(founded.text)).toMatchObject({
          tenant: { name: 'Globex' },
          member: { name: 'Hank', roles: ['owner'] },
        });
        expect((await send('PATCH', '/v1/tenant', { name: 'Globex Corp' }, founded.text)).json()).toMatchObject({
          name: 'Globex Corp',
        });
        const list = z
          .object({ tenants: z.array(z.object({ name: z.string() })) })
          .parse((await send('GET', '/v1/tenants?limit=100', undefined, operator)).json());
        expect(list.tenants.map(({ name }) => name)).toContain('Globex Corp');
      });
    });

    it('are at most as many as the limits say', async () => {
      const tenant = await api().tenant('limits');
      for (let count = 0; count < accessLimits.customRoles; count += 1) {
        expect((await send('PUT', `/v1/roles/r${count}`, { grants: [] }, tenant.keys.owner)).status).toBe(201);
      }
      expect(refusal(await send('PUT', '/v1/roles/more', { grants: [] }, tenant.keys.owner))).toEqual([
        409,
        'role.too_many',
      ]);
      await send('DELETE', '/v1/roles/r0', undefined, tenant.keys.owner);
      expect((await send('PUT', '/v1/roles/more', { grants: [] }, tenant.keys.owner)).status).toBe(201);
    });
  });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { type ApiKeyContent, formatApiKey, parseApiKey } from '../../../core/access/api-key.ts';
import { authenticate, needAddress } from '../../../core/access/authenticate.ts';
import { builtInRoleNames, builtInRoles } from '../../../core/access/built-in-roles.ts';
import { foundTenant } from '../../../core/access/found-tenant.ts';
import { permissionsOf } from '../../../core/access/grants.ts';
import { createApiKey, findApiKey, listApiKeys, revokeApiKey } from '../../../core/access/key-repository.ts';
import { rotateApiKey } from '../../../core/access/key-rotation.ts';
import { createKeyUseRecorder, usesOf } from '../../../core/access/key-use.ts';
import { changeMember, removeMember } from '../../../core/access/member-repository.ts';
import { permissions } from '../../../core/access/permissions.ts';
import { apiKeyPlace, memberPlace } from '../../../core/access/places.ts';
import type { Principal } from '../../../core/access/principal.ts';
import { setRole } from '../../../core/access/role-repository.ts';
import { sha256 } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Table } from '../../../core/ports/table.ts';
import { keyWith, memberWith } from '../../support/members.ts';

let folder: string;
let table: SqliteTable;
let now: number;
const clock: Clock = { now: () => new Date(now), sleep: () => Promise.reject(new Error('nothing here sleeps')) };
const ids = createIds(clock);

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  folder = mkdtempSync(path.join(tmpdir(), 'lbuild-access-'));
  table = openSqliteTable({ file: path.join(folder, 'table.db'), clock });
});
afterEach(() => {
  table.close();
  rmSync(folder, { recursive: true, force: true });
});

const ports = () => ({ table, clock, ids });
const make = (roles: readonly string[], content: Partial<ApiKeyContent> = {}) =>
  keyWith(ports(), 'ten_1', roles, content);
const engine = { tenantId: 'ten_1' };
async function enter(text: string, sourceAddress?: string, where: Table = table): Promise<Principal> {
  const credentials = { authorization: `Bearer ${text}`, sourceAddress, requestId: 'req_1' };
  const principal = await authenticate({ table: where, clock }, credentials);
  needAddress(principal);
  return principal;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  return 'none';
}

describe('a key', () => {
  it('is stored as the hash of its secret only', async () => {
    const { text, record } = await make(['builder']);
    const stored = JSON.stringify(await table.get(apiKeyPlace(record.keyId)));
    const secret = parseApiKey(text)?.secret ?? '';
    expect(secret).toHaveLength(43);
    expect(stored).not.toContain(secret);
    expect(stored).toContain(sha256(secret));
  });

  it.each(builtInRoleNames)('of a member with the role %s may do what the role holds', async (role) => {
    const { text, record } = await make([role]);
    const principal = await enter(text);
    expect(principal).toMatchObject({ tenantId: 'ten_1', memberId: record.memberId, keyId: record.keyId });
    expect(principal.permissions).toEqual(permissionsOf(new Set(builtInRoles[role].grants)));
  });

  it('of a member with two roles may do what either holds', async () => {
    const { text } = await make(['auditor', 'builder']);
    const both = new Set([...builtInRoles.auditor.grants, ...builtInRoles.builder.grants]);
    expect((await enter(text)).permissions).toEqual(permissionsOf(both));
  });

  it('with scopes may do what both roles and scopes hold', async () => {
    const scopes = permissions.filter((permission) => permission !== 'artifacts:read');
    const { text } = await make(['viewer'], { scopes });
    const left = builtInRoles.viewer.grants.filter((grant) => grant !== 'artifacts:read');
    expect([...(await enter(text)).permissions].sort()).toEqual([...left].sort());
  });

  it('keeps a wildcard only where both roles and scopes have it', async () => {
    const owner = await enter((await make(['owner'], { scopes: ['builds:*', 'cache:read'] })).text);
    expect([...owner.grants].sort()).toEqual([
      'builds:*',
      'builds:cancel',
      'builds:create',
      'builds:read',
      'builds:urgent',
      'cache:read',
    ]);
    const builder = await enter((await make(['builder'], { scopes: ['builds:*'] })).text);
    expect([...builder.grants].sort()).toEqual(['builds:cancel', 'builds:create', 'builds:read']);
  });

  it('ends at its expiry, to the millisecond', async () => {
    const { text } = await make(['owner'], { expiresAt: new Date(now + 1_000).toISOString() });
    now += 999;
    expect(await codeOf(enter(text))).toBe('none');
    now += 1;
    expect(await codeOf(enter(text))).toBe('access.unauthenticated');
  });

  it('ends when it is revoked, for good, and only it', async () => {
    const { memberId } = await memberWith(ports(), 'ten_1', ['owner']);
    const content = { tenantId: 'ten_1', memberId, name: 'x' };
    const [old, next] = [await createApiKey(ports(), content), await createApiKey(ports(), content)];
    await revokeApiKey(ports(), engine, old.record.keyId);
    await revokeApiKey(ports(), engine, old.record.keyId);
    expect(await codeOf(revokeApiKey(ports(), engine, 'key_unknown'))).toBe('key.not_found');
    expect(await codeOf(enter(old.text))).toBe('access.unauthenticated');
    expect(await codeOf(enter(next.text))).toBe('none');
  });

  it('is looked up by its id alone, whether or not it exists', async () => {
    const reads: string[] = [];
    const watched: Table = {
      get: (key) => {
        reads.push(key.partition);
        return table.get(key);
      },
      query: (query) => table.query(query),
      transact: (writes) => table.transact(writes),
    };
    const key = { keyId: ids.next('key'), secret: ids.secret(32) };
    expect(await codeOf(enter(formatApiKey(key), undefined, watched))).toBe('access.unauthenticated');
    const { record } = await make(['owner']);
    const wrong = formatApiKey({ keyId: record.keyId, secret: ids.secret(32) });
    expect(await codeOf(enter(wrong, undefined, watched))).toBe('access.unauthenticated');
    expect(reads).toEqual([`KEY#${key.keyId}`, `KEY#${record.keyId}`]);
  });

  it.each([
    ['192.0.2.7', 'none'],
    ['::ffff:192.0.2.7', 'none'],
    ['198.51.100.1', 'none'],
    ['192.0.3.1', 'access.address_refused'],
    ['2001:db8::1', 'none'],
    ['2001:db9::1', 'access.address_refused'],
    ['nowhere', 'access.address_refused'],
    [undefined, 'access.address_refused'],
  ])('for some addresses, used from %s: %s', async (address, code) => {
    const { text } = await make(['owner'], { addressRanges: ['192.0.2.0/24', '198.51.100.1', '2001:db8::/32'] });
    expect(await codeOf(enter(text, address))).toBe(code);
  });
});

describe('at the next request', () => {
  it('a member who is suspended is out, and in again afterwards', async () => {
    const { text, record } = await make(['builder']);
    const owner = await enter((await make(['owner'])).text);
    await changeMember(ports(), owner, record.memberId, { suspended: true });
    expect(await codeOf(enter(text))).toBe('access.unauthenticated');
    await changeMember(ports(), owner, record.memberId, { suspended: false });
    expect(await codeOf(enter(text))).toBe('none');
  });

  it('a member who was removed is out, with keys that are forgotten', async () => {
    const { text, record } = await make(['builder']);
    const owner = await enter((await make(['owner'])).text);
    await removeMember(ports(), owner, record.memberId);
    expect(await codeOf(enter(text))).toBe('access.unauthenticated');
    expect(await findApiKey(table, record.keyId)).toBeUndefined();
  });

  it('another role, or another content of a role of the tenant’s own, holds', async () => {
    const owner = await enter((await make(['owner'])).text);
    const { text, record } = await make(['viewer']);
    await setRole(ports(), owner, { name: 'shipping', description: '', grants: ['builds:read', 'artifacts:read'] });
    await changeMember(ports(), owner, record.memberId, { roles: ['shipping'] });
    expect([...(await enter(text)).permissions].sort()).toEqual(['artifacts:read', 'builds:read']);
    await setRole(ports(), owner, { name: 'shipping', description: '', grants: ['builds:*'] });
    expect([...(await enter(text)).permissions].sort()).toEqual([
      ...['builds:cancel', 'builds:create', 'builds:read', 'builds:urgent'],
    ]);
  });
});

describe('a rotation', () => {
  it('has two keys that may the same live side by side, and then one', async () => {
    const content = { scopes: ['builds:read' as const], addressRanges: ['127.0.0.1'] };
    const old = await make(['builder'], content);
    const next = await rotateApiKey(ports(), engine, old.record.keyId, 60);
    expect(next.record).toMatchObject({ ...content, memberId: old.record.memberId, replaces: old.record.keyId });
    for (const { text } of [old, next]) expect(await codeOf(enter(text, '127.0.0.1'))).toBe('none');
    for (const { record } of [old, next]) {
      expect(await codeOf(rotateApiKey(ports(), engine, record.keyId, 60))).toBe('key.rotating');
    }
    now += 60_000;
    expect(await codeOf(enter(old.text, '127.0.0.1'))).toBe('access.unauthenticated');
    expect(await codeOf(enter(next.text, '127.0.0.1'))).toBe('none');
    expect(await codeOf(rotateApiKey(ports(), engine, old.record.keyId, 60))).toBe('key.not_live');
    expect((await rotateApiKey(ports(), engine, next.record.keyId, 60)).record.replaces).toBe(next.record.keyId);
  });

  it('lets no key live longer than it would have', async () => {
    const expiresAt = new Date(now + 30_000).toISOString();
    const old = await make(['builder'], { expiresAt });
    const next = await rotateApiKey(ports(), engine, old.record.keyId, 3_600);
    expect([(await findApiKey(table, old.record.keyId))?.expiresAt, next.record.expiresAt]).toEqual([
      expiresAt,
      expiresAt,
    ]);
  });

  it('may be done again and again: the member never has more than two keys of it', async () => {
    let { record } = await make(['builder']);
    for (let time = 0; time < 25; time += 1) {
      record = (await rotateApiKey(ports(), engine, record.keyId, 60)).record;
      now += 60_000;
    }
    const { keys } = await listApiKeys(table, 'ten_1', { memberId: record.memberId, limit: 100 });
    expect(keys.filter(({ revokedAt }) => revokedAt === undefined)).toHaveLength(2);
    const more = { tenantId: 'ten_1', memberId: record.memberId, name: 'x' };
    for (let count = 2; count < 20; count += 1) await createApiKey(ports(), more);
    expect(await codeOf(createApiKey(ports(), more))).toBe('key.too_many');
  });

  it('whose new key was never seen is done again once that is revoked', async () => {
    const { record } = await make(['builder']);
    const lost = await rotateApiKey(ports(), engine, record.keyId, 3_600);
    await revokeApiKey(ports(), engine, lost.record.keyId);
    expect((await rotateApiKey(ports(), engine, record.keyId, 3_600)).record.replaces).toBe(record.keyId);
  });

  it('of ten at once makes one key', async () => {
    const { record } = await make(['builder']);
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => rotateApiKey(ports(), engine, record.keyId, 60)),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

it('a member has at most twenty keys that are not revoked, whoever is fastest', async () => {
  const { memberId } = await memberWith(ports(), 'ten_1', ['builder']);
  const create = () => createApiKey(ports(), { tenantId: 'ten_1', memberId, name: 'x' });
  const tries = await Promise.allSettled(Array.from({ length: 30 }, create));
  const made = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(made).toHaveLength(20);
  expect(await codeOf(create())).toBe('key.too_many');
  await revokeApiKey(ports(), engine, made[0]?.record.keyId ?? '');
  expect(await codeOf(create())).toBe('none');
});

it('a key is ended whatever counts say', async () => {
  const { text, record } = await make(['builder']);
  await table.transact([{ kind: 'delete', key: memberPlace('ten_1', record.memberId) }]);
  await revokeApiKey(ports(), engine, record.keyId);
  expect((await findApiKey(table, record.keyId))?.revokedAt).toBeDefined();
  expect(await codeOf(enter(text))).toBe('access.unauthenticated');
});

it('nobody who is not there has a key', async () => {
  expect(await codeOf(createApiKey(ports(), { tenantId: 'ten_1', memberId: 'mem_none', name: 'x' }))).toBe(
    'member.not_found',
  );
});

describe('the use of a key', () => {
  it('is written down once in ten minutes, with the address', async () => {
    const { record } = await make(['viewer']);
    let writes = 0;
    const counted: Table = {
      get: (key) => table.get(key),
      query: (query) => table.query(query),
      transact: async (list) => {
        writes += 1;
        await table.transact(list);
      },
    };
    const recorder = createKeyUseRecorder({ table: counted, clock });
    const use = async () => (await usesOf(table, 'ten_1', [record.keyId])).get(record.keyId);
    expect(await use()).toBeUndefined();
    for (const address of ['192.0.2.1', '192.0.2.2']) await recorder.used(record, address);
    expect([writes, await use()]).toEqual([1, { usedAt: '2026-01-01T00:00:00.000Z', address: '192.0.2.1' }]);
    now += 600_000;
    await recorder.used(record, undefined);
    expect([writes, await use()]).toEqual([2, { usedAt: '2026-01-01T00:10:00.000Z' }]);
  });
});

describe('a tenant', () => {
  it('begins with an owner, whose key is counted', async () => {
    const { member, key, writes } = foundTenant(ports(), {
      name: 'acme',
      owner: { name: 'Ada' },
      keyName: 'first key',
    });
    await table.transact(writes);
    const principal = await enter(key.text);
    expect(principal.memberId).toBe(member.memberId);
    expect(principal.permissions.has('installation:operate')).toBe(false);
    const more = { tenantId: member.tenantId, memberId: member.memberId, name: 'x' };
    for (let count = 1; count < 20; count += 1) await createApiKey(ports(), more);
    expect(await codeOf(createApiKey(ports(), more))).toBe('key.too_many');
  });
});

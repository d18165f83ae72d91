import { beforeEach, describe, expect, it } from 'vitest';
import { createIds } from '../../../adapters/system/ids.ts';
import { MemoryTable } from '../../../bench/simulation/memory-table.ts';
import type { ApiKeyContent } from '../../../core/access/api-key.ts';
import { permissionsOf } from '../../../core/access/grants.ts';
import { heldAnywhere, heldByMember, narrowed, needHeldInTeam, needHolds } from '../../../core/access/held.ts';
import { createApiKey } from '../../../core/access/key-repository.ts';
import { needMayMakeKey, needRevocableKey, needRotatableKey, seenMember } from '../../../core/access/key-rights.ts';
import type { MemberRecord } from '../../../core/access/member-record.ts';
import type { Grant } from '../../../core/access/permissions.ts';
import { memberPlace, rolePlace } from '../../../core/access/places.ts';
import type { Principal } from '../../../core/access/principal.ts';
import { EngineError } from '../../../core/errors.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Table } from '../../../core/ports/table.ts';
import { memberWith } from '../../support/members.ts';

const at = '2026-01-01T00:00:00.000Z';
const clock: Clock = { now: () => new Date(at), sleep: () => Promise.reject(new Error('nothing here sleeps')) };
const ids = createIds(clock);
let table: Table;
beforeEach(async () => {
  table = new MemoryTable();
  for (const [name, grants] of Object.entries(roles)) {
    const record = { tenantId: 'ten_1', name, description: '', grants, createdAt: at, changedAt: at };
    await table.transact([{ kind: 'put', key: rolePlace('ten_1', name), data: toJsonObject(record) }]);
  }
});

/** Roles of the tenant's own, each of little. */
const roles: Readonly<Record<string, readonly Grant[]>> = {
  reads: ['builds:read'],
  builds: ['builds:read', 'builds:create'],
  everything: ['builds:*', 'cache:read'],
  keys: ['keys:read', 'keys:write', 'builds:read'],
};
const ports = () => ({ table, clock, ids });
const member = (...names: string[]) => memberWith(ports(), 'ten_1', names);
const keyOf = async (who: MemberRecord, content: Partial<ApiKeyContent> = {}) =>
  (await createApiKey(ports(), { tenantId: 'ten_1', memberId: who.memberId, name: 'key', ...content })).record;

/** Who calls, by a key of a member, which may leave something out. */
async function principal(who: MemberRecord, given: Partial<Principal> & { readonly scopes?: Grant[] } = {}) {
  const { scopes, ...rest } = given;
  const held = narrowed(await heldByMember(table, who), scopes);
  const permissions = permissionsOf(held.grants);
  const actor = { tenantId: 'ten_1', memberId: who.memberId, keyId: 'key_caller', requestId: 'req_1' };
  return { ...actor, ...held, permissions, ...rest } satisfies Principal;
}
const outcome = async (call: () => unknown): Promise<unknown> => {
  try {
    return await call();
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
};
const detail = async (call: () => unknown): Promise<string> => {
  try {
    await call();
  } catch (error) {
    if (error instanceof EngineError) return error.detail;
    throw error;
  }
  return 'none';
};

describe('what a member holds', () => {
  it('is what the roles hold, in the tenant and in each team by itself; a role that is gone holds nothing', async () => {
    const teams = [
      { teamId: 'tem_1', roles: ['builds'], since: at },
      { teamId: 'tem_2', roles: ['gone'], since: at },
    ];
    const held = await heldByMember(table, { tenantId: 'ten_1', roles: ['reads', 'keys'], teams } as never);
    expect(held.grants).toEqual(new Set(['builds:read', 'keys:read', 'keys:write']));
    expect(held.teamGrants).toEqual(
      new Map([
        ['tem_1', new Set(['builds:read', 'builds:create'])],
        ['tem_2', new Set()],
      ]),
    );
    expect(heldAnywhere(held)).toEqual(new Set(['builds:read', 'keys:read', 'keys:write', 'builds:create']));
    const none = await heldByMember(table, { tenantId: 'ten_1', roles: ['reads'] });
    expect(none.teamGrants).toEqual(new Map());
  });

  it('is left of scopes, inside teams too', () => {
    const held = {
      grants: new Set<Grant>(['builds:*']),
      teamGrants: new Map([['tem_1', new Set<Grant>(['cache:read', 'builds:read'])]]),
    };
    expect(narrowed(held, undefined)).toEqual(held);
    const left = narrowed(held, ['builds:read']);
    expect(left.grants).toEqual(new Set(['builds:read']));
    expect(left.teamGrants).toEqual(new Map([['tem_1', new Set(['builds:read'])]]));
    expect(narrowed(held, []).grants).toEqual(new Set());
  });

  it('is to be held by who gives it, in the tenant or in that very team', async () => {
    const mine = {
      grants: new Set<Grant>(['builds:read']),
      teamGrants: new Map([['tem_1', new Set<Grant>(['cache:read'])]]),
    };
    const inTeam = (team: string, ...wanted: Grant[]) => detail(() => needHeldInTeam(mine, team, wanted));
    expect(await inTeam('tem_1', 'builds:read', 'cache:read')).toBe('none');
    expect(await inTeam('tem_2', 'builds:read')).toBe('none');
    expect(await inTeam('tem_2', 'cache:read', 'builds:create', 'builds:read')).toBe(
      'Your key does not hold builds:create, cache:read in tem_2.',
    );
    const holds = (grants: Grant[], teams: Record<string, Grant[]>) =>
      outcome(() =>
        needHolds(mine, {
          grants: new Set(grants),
          teamGrants: new Map(Object.entries(teams).map(([id, list]) => [id, new Set(list)])),
        }),
      );
    expect(await holds(['builds:read'], { tem_1: ['cache:read'] })).toBeUndefined();
    expect(await holds(['cache:read'], {})).toBe('access.not_held');
    expect(await holds([], { tem_2: ['cache:read'] })).toBe('access.not_held');
  });
});

describe('a key of one’s own', () => {
  it('is as wide as the one that calls, or less wide', async () => {
    const me = await member('everything');
    const wanted = { memberId: me.memberId };
    const all = await principal(me);
    expect(await needMayMakeKey(table, all, wanted)).toBeUndefined();
    expect(await needMayMakeKey(table, all, { ...wanted, scopes: ['builds:read'] })).toEqual(['builds:read']);
    const less = await principal(me, { scopes: ['builds:read'] });
    expect(await outcome(() => needMayMakeKey(table, less, wanted))).toBe('access.not_held');
    expect(await needMayMakeKey(table, less, { ...wanted, scopes: ['builds:read'] })).toEqual(['builds:read']);
    expect(await outcome(() => needMayMakeKey(table, less, { ...wanted, scopes: ['cache:read'] }))).toBe(
      'access.not_held',
    );
  });

  it('has no scope that its member lacks', async () => {
    const me = await member('reads');
    const wanted = { memberId: me.memberId, scopes: ['builds:read', 'cache:read', 'keys:read'] as Grant[] };
    const caller = await principal(me);
    expect(await detail(() => needMayMakeKey(table, caller, wanted))).toBe(
      'The roles of the key’s member do not hold cache:read, keys:read.',
    );
  });

  it('is for no more addresses and lives no longer', async () => {
    const me = await member('reads');
    const bound = await principal(me, { addressRanges: ['203.0.113.0/24'], expiresAt: '2026-02-01T00:00:00.000Z' });
    const make = (given: Partial<ApiKeyContent>) =>
      outcome(() => needMayMakeKey(table, bound, { memberId: me.memberId, ...given }));
    const end = { expiresAt: '2026-02-01T00:00:00.000Z' };
    const near = { addressRanges: ['203.0.113.7', '203.0.113.0/25'] };
    expect(await make({ ...near, ...end })).toBeUndefined();
    expect(await make({ ...near, expiresAt: '2026-01-15T00:00:00.000Z' })).toBeUndefined();
    expect(await make({ ...near, expiresAt: '2026-02-01T00:00:00.001Z' })).toBe('access.not_held');
    expect(await make(near)).toBe('access.not_held');
    expect(await make(end)).toBe('access.not_held');
    expect(await make({ addressRanges: ['203.0.113.7', '203.0.114.7'], ...end })).toBe('access.not_held');
    const text = (given: Partial<ApiKeyContent>) =>
      detail(() => needMayMakeKey(table, bound, { memberId: me.memberId, ...given }));
    expect(await text(end)).toBe('Your key is for 203.0.113.0/24 alone: name these or fewer.');
    expect(await text(near)).toBe('Your key ends at 2026-02-01T00:00:00.000Z: name that end or an earlier one.');
    const free = await principal(me);
    expect(await outcome(() => needMayMakeKey(table, free, { memberId: me.memberId, ...near }))).toBeUndefined();
  });
});

describe('a key of somebody else', () => {
  it('takes the permission, and all that they hold', async () => {
    const [one, other] = [await member('reads'), await member('reads')];
    const wanted = { memberId: other.memberId };
    const without = await principal(one);
    expect(await detail(() => needMayMakeKey(table, without, wanted))).toBe(
      'For the keys of others this needs the permission keys:write.',
    );
    const caller = await principal(await member('keys'));
    expect(await needMayMakeKey(table, caller, wanted)).toEqual(['builds:read']);
    expect(await needMayMakeKey(table, caller, { ...wanted, scopes: ['builds:read'] })).toEqual(['builds:read']);
    const wide = await member('everything');
    expect(await outcome(() => needMayMakeKey(table, caller, { memberId: wide.memberId }))).toBe('access.not_held');
    expect(
      await outcome(() => needMayMakeKey(table, caller, { memberId: wide.memberId, scopes: ['builds:read'] })),
    ).toBe('access.not_held');
    expect(await outcome(() => needMayMakeKey(table, caller, { memberId: 'mem_none' }))).toBe('member.not_found');
  });

  it('without scopes gets what they hold now, each once, in order', async () => {
    const both = await member('keys', 'builds');
    const caller = await principal(await member('keys', 'builds'));
    expect(await needMayMakeKey(table, caller, { memberId: both.memberId })).toEqual([
      ...['builds:create', 'builds:read', 'keys:read', 'keys:write'],
    ]);
  });
});

describe('who may revoke and rotate', () => {
  it('does so with the key that calls, whatever it may', async () => {
    const me = await member('everything');
    const record = await keyOf(me);
    const caller = await principal(me, { scopes: ['builds:read'], keyId: record.keyId });
    expect(await needRevocableKey(table, caller, record.keyId)).toEqual(record);
  });

  it('does so with own keys that may no more than the one that calls', async () => {
    const me = await member('everything');
    const [wide, narrow] = [await keyOf(me), await keyOf(me, { scopes: ['builds:read'] })];
    const caller = await principal(me, { scopes: ['builds:read'] });
    expect(await needRevocableKey(table, caller, narrow.keyId)).toEqual(narrow);
    expect(await outcome(() => needRevocableKey(table, caller, wide.keyId))).toBe('access.not_held');
    expect(await needRotatableKey(table, caller, narrow.keyId)).toEqual(['builds:read']);
    const bound = { ...caller, addressRanges: ['203.0.113.7'] };
    expect(await needRevocableKey(table, bound, narrow.keyId)).toEqual(narrow);
    expect(await outcome(() => needRotatableKey(table, bound, narrow.keyId))).toBe('access.not_held');
  });

  it('does so with keys of those all of whose rights they hold', async () => {
    const [less, more] = [await member('reads'), await member('everything')];
    const caller = await principal(await member('keys'));
    const [theirs, wider] = [await keyOf(less), await keyOf(more, { scopes: ['builds:read'] })];
    expect(await needRevocableKey(table, caller, theirs.keyId)).toEqual(theirs);
    expect(await needRotatableKey(table, caller, theirs.keyId)).toEqual(['builds:read']);
    // What its scopes leave is little; its member holds more.
    expect(await outcome(() => needRevocableKey(table, caller, wider.keyId))).toBe('access.not_held');
    const none = await principal(less);
    const another = await keyOf(await member('reads'));
    expect(await outcome(() => needRevocableKey(table, none, another.keyId))).toBe('access.forbidden');
  });

  it('finds no key of another tenant, nor one that is none', async () => {
    const record = await keyOf(await member('reads'));
    const caller = { ...(await principal(await member('keys'))), tenantId: 'ten_2' };
    expect(await outcome(() => needRevocableKey(table, caller, record.keyId))).toBe('key.not_found');
    expect(await outcome(() => needRevocableKey(table, caller, 'key_none'))).toBe('key.not_found');
  });

  it('may do away with a key whose member is gone', async () => {
    const caller = await principal(await member('keys'));
    const gone = await member('everything');
    const record = await keyOf(gone);
    await table.transact([{ kind: 'delete', key: memberPlace('ten_1', gone.memberId) }]);
    expect(await needRevocableKey(table, caller, record.keyId)).toEqual(record);
    expect(await outcome(() => needRotatableKey(table, caller, record.keyId))).toBe('member.not_found');
  });
});

it('everybody sees their own keys, and those of others by a permission', async () => {
  const plain = await principal(await member('reads'));
  const all = await principal(await member('keys'));
  expect(seenMember(plain, undefined)).toBe(plain.memberId);
  expect(seenMember(plain, plain.memberId)).toBe(plain.memberId);
  expect(await outcome(() => seenMember(plain, 'mem_other'))).toBe('access.forbidden');
  expect(seenMember(all, undefined)).toBeUndefined();
  expect(seenMember(all, 'mem_other')).toBe('mem_other');
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import {
  apiKeyPlace,
  authenticate,
  bearerToken,
  createApiKey,
  formatApiKey,
  parseApiKey,
  revokeApiKey,
} from '../../../core/access/api-key.ts';
import { bootstrapFirstKey, firstTenant } from '../../../core/access/first-key.ts';
import { permissions, roles } from '../../../core/access/permissions.ts';
import { sha256 } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Table } from '../../../core/ports/table.ts';
import { takePollSlot } from '../../../core/tenancy/poll-slots.ts';
import { tenantPlace } from '../../../core/tenancy/tenant.ts';

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

const bearer = (key: string) => `Bearer ${key}`;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  return 'none';
}

describe('an API key', () => {
  it('is written and read alike', () => {
    const key = { keyId: ids.next('key'), secret: ids.secret(32) };
    expect(formatApiKey(key)).toMatch(/^lbk_[0-9A-Z]{26}_[A-Za-z0-9_-]{43}$/);
    expect(parseApiKey(formatApiKey(key))).toEqual(key);
  });

  it.each([
    '',
    'lbk_',
    'lbk_x_y',
    `lbk_${'A'.repeat(26)}_${'x'.repeat(42)}`,
    ` lbk_${'A'.repeat(26)}_${'x'.repeat(43)}`,
  ])('is not %j', (text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });

  it.each([
    [undefined, undefined],
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['Basic abc', undefined],
    ['Bearer a b', undefined],
    ['Bearer ', undefined],
    [`Bearer ${'x'.repeat(513)}`, undefined],
  ])('comes from the header %j as %j', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });

  it('is stored as the hash of its secret only', async () => {
    const { text, record } = await createApiKey(table, clock, ids, { tenantId: 'ten_1', name: 'ci', role: 'builder' });
    const stored = JSON.stringify(await table.get(apiKeyPlace(record.keyId)));
    const secret = parseApiKey(text)?.secret ?? '';
    expect(secret).toHaveLength(43);
    expect(stored).not.toContain(secret);
    expect(stored).toContain(sha256(secret));
  });

  it.each(Object.keys(roles) as (keyof typeof roles)[])('of the role %s may do what the role may', async (role) => {
    const { text } = await createApiKey(table, clock, ids, { tenantId: 'ten_1', name: 'x', role });
    const principal = await authenticate(table, clock, bearer(text));
    expect(principal.tenantId).toBe('ten_1');
    expect([...principal.permissions].sort()).toEqual([...roles[role]].sort());
  });

  it('with scopes may do what both role and scopes hold', async () => {
    const { text } = await createApiKey(table, clock, ids, {
      tenantId: 'ten_1',
      name: 'x',
      role: 'viewer',
      scopes: permissions.filter((permission) => permission !== 'artifacts:read'),
    });
    const principal = await authenticate(table, clock, bearer(text));
    expect([...principal.permissions].sort()).toEqual(['builds:read', 'cache:read']);
  });

  it('ends at its expiry, to the millisecond', async () => {
    const { text } = await createApiKey(table, clock, ids, {
      tenantId: 'ten_1',
      name: 'x',
      role: 'owner',
      expiresAt: new Date(now + 1_000),
    });
    now += 999;
    expect(await codeOf(authenticate(table, clock, bearer(text)))).toBe('none');
    now += 1;
    expect(await codeOf(authenticate(table, clock, bearer(text)))).toBe('access.unauthenticated');
  });

  it('ends when it is revoked, for good, and the other key of a rotation lives on', async () => {
    const make = () => createApiKey(table, clock, ids, { tenantId: 'ten_1', name: 'x', role: 'owner' });
    const [old, next] = [await make(), await make()];
    await revokeApiKey(table, clock, old.record.keyId);
    await revokeApiKey(table, clock, old.record.keyId);
    await revokeApiKey(table, clock, 'key_unknown');
    expect(await codeOf(authenticate(table, clock, bearer(old.text)))).toBe('access.unauthenticated');
    expect(await codeOf(authenticate(table, clock, bearer(next.text)))).toBe('none');
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
    expect(await codeOf(authenticate(watched, clock, bearer(formatApiKey(key))))).toBe('access.unauthenticated');
    expect(reads).toEqual([`KEY#${key.keyId}`]);
  });
});

describe('the first key', () => {
  it('is made once, even by ten at once, with its tenant', async () => {
    expect(await firstTenant(table)).toBeUndefined();
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => bootstrapFirstKey(table, clock, ids, { tenantName: 'acme' })),
    );
    const made = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(made).toHaveLength(1);
    const [first] = made;
    expect(await firstTenant(table)).toBe(first?.tenantId);
    expect((await table.get(tenantPlace(first?.tenantId ?? '')))?.data).toMatchObject({ name: 'acme' });
    const principal = await authenticate(table, clock, bearer(first?.apiKey ?? ''));
    expect([...principal.permissions].sort()).toEqual([...permissions].sort());
    expect(await codeOf(bootstrapFirstKey(table, clock, ids, { tenantName: 'again' }))).toBe('resource.conflict');
  });

  it.each(['', ' acme', 'a\nb', 'x'.repeat(65), '<b>'])(
    'needs a name for its tenant that is not %j',
    async (tenantName) => {
      expect(await codeOf(bootstrapFirstKey(table, clock, ids, { tenantName }))).toBe('request.invalid');
      expect(await firstTenant(table)).toBeUndefined();
    },
  );
});

describe('a poll slot', () => {
  it('is free again when its time is over, though its holder never freed it', async () => {
    const ports = { table, clock };
    const take = () => takePollSlot(ports, 'ten_1', 'dead', 20);
    for (let count = 0; count < 10; count += 1) expect(await take()).toBeDefined();
    expect(await take()).toBeUndefined();
    expect(await takePollSlot(ports, 'ten_2', 'other tenant', 20)).toBeDefined();
    now += 30_000;
    expect(await take()).toBeDefined();
  });

  it('is given to ten of thirty at once', async () => {
    const taken = await Promise.all(
      Array.from({ length: 30 }, (_, number) => takePollSlot({ table, clock }, 'ten_1', `holder ${number}`, 20)),
    );
    expect(taken.filter((slot) => slot !== undefined).length).toBeLessThanOrEqual(10);
    expect(taken.some((slot) => slot !== undefined)).toBe(true);
  });
});

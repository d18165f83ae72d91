import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { bearerToken, formatApiKey, parseApiKey } from '../../../core/access/api-key.ts';
import { authenticate } from '../../../core/access/authenticate.ts';
import { bootstrapFirstKey, firstTenant } from '../../../core/access/first-key.ts';
import { permissions } from '../../../core/access/permissions.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Clock } from '../../../core/ports/clock.ts';
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
    [`Bearer ${'x'.repeat(8_193)}`, undefined],
  ])('comes from the header %j as %j', (header, token) => {
    expect(bearerToken(header)).toBe(token);
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
    const principal = await authenticate(
      { table, clock },
      { authorization: `Bearer ${first?.apiKey}`, sourceAddress: undefined, requestId: 'req_1' },
    );
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

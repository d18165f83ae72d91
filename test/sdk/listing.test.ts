import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import type { Table } from '../../core/ports/table.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { UsageError } from '../../sdk/engine-error.ts';
import { type ApiUnderTest, openApi } from '../functions/api/api-under-test.ts';

const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
let folder: string;
let table: Table & { close(): void };
let api: ApiUnderTest;
let client: LinuxBuilderClient;
/** Queries of the calls that were made. */
const asked: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lbuild-listing-'));
  table = openSqliteTable({ file: path.join(folder, 'table.db'), clock: createSystemClock() });
  api = await openApi(table);
  const { keys } = await api.tenant('listing');
  client = new LinuxBuilderClient({
    url: `${api.url}/`,
    apiKey: async () => keys.owner,
    fetch: (input, init) => {
      asked.push(new URL(input instanceof Request ? input.url : input).search);
      return fetch(input, init);
    },
  });
  for (const name of names) await client.teams.create({ name });
});
afterAll(async () => {
  await api?.close();
  table?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked.length = 0;
});

describe('a list', () => {
  it('asks for nothing until it is read, and for a page only when it is needed', async () => {
    const list = client.teams.list({ limit: 2 });
    expect(asked).toEqual([]);
    const seen: string[] = [];
    for await (const { name } of list) {
      seen.push(name);
      if (seen.length === 3) break;
    }
    expect(asked).toHaveLength(2);
    expect(asked.every((query) => query.startsWith('?limit=2'))).toBe(true);
  });

  it('is walked over whole, and again from its beginning', async () => {
    const list = client.teams.list({ limit: 3 });
    for (let walk = 0; walk < 2; walk += 1) {
      const seen: string[] = [];
      for await (const { name } of list) seen.push(name);
      expect(seen.sort()).toEqual([...names].sort());
    }
    expect((await list.all()).length).toBe(names.length);
    const sizes: number[] = [];
    for await (const { teams } of list.pages()) sizes.push(teams.length);
    expect(sizes).toEqual([3, 3, 1]);
  });

  it('gives at most so many, one page, or what follows a cursor', async () => {
    const list = client.teams.list({ limit: 2 });
    expect(await list.all(0)).toEqual([]);
    expect(asked).toEqual([]);
    expect((await list.all(3)).length).toBe(3);
    expect(asked).toHaveLength(2);
    const first = await list.page();
    expect(first.teams).toHaveLength(2);
    const { cursor } = first;
    if (cursor === undefined) throw new Error('there is no second page');
    const rest = await client.teams.list({ cursor }).all();
    expect(new Set([...first.teams, ...rest].map(({ name }) => name))).toEqual(new Set(names));
    expect(rest).toHaveLength(names.length - 2);
  });

  it('ends with the reason of its signal between two pages', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const walk = async () => {
      for await (const { name } of client.teams.list({ limit: 2 }, { signal: stop.signal })) {
        seen.push(name);
        stop.abort(new Error('enough'));
      }
    };
    await expect(walk()).rejects.toThrow('enough');
    expect(seen).toHaveLength(2);
  });
});

describe('a client', () => {
  it.each(['', 'engine', 'ftp://images.example.com', '//images.example.com'])('takes no address %j', (url) => {
    expect(() => new LinuxBuilderClient({ url, apiKey: 'lbk_1' })).toThrow(UsageError);
  });

  it('makes a thing once of calls with the same key', async () => {
    const one = await client.teams.create({ name: 'eight' }, { idempotencyKey: 'same' });
    expect(await client.teams.create({ name: 'eight' }, { idempotencyKey: 'same' })).toEqual(one);
    await client.teams.remove(one.teamId);
  });
});

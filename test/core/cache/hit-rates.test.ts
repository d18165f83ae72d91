import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { stepWrite } from '../../../core/builds/stage-repository.ts';
import { countHits, hitRates } from '../../../core/cache/hit-rates.ts';

let now: Date;
const clock = { now: () => now, sleep: async () => undefined };
let table: SqliteTable;
beforeEach(() => {
  now = new Date('2026-11-26T12:00:00.000Z');
  table = openSqliteTable({ file: ':memory:', clock });
});
afterEach(() => table.close());

async function endedBuild(id: string, steps: Readonly<Record<string, boolean>>, tenantId = 'ten_1') {
  await table.transact(
    Object.entries(steps).map(([program, hit]) => stepWrite(id, { id: program, program, hit, attempt: 1, facts: {} })),
  );
  return { id, tenantId };
}

describe('hit rates', () => {
  it('are of a tenant, by program, each build counted once', async () => {
    const one = await endedBuild('bld_1', { bootstrap: false, iso: false });
    const two = await endedBuild('bld_2', { bootstrap: true, iso: false });
    const theirs = await endedBuild('bld_3', { bootstrap: true }, 'ten_2');
    for (const build of [one, two, theirs, two, one]) await countHits({ table, clock }, build);
    expect(await hitRates({ table, clock }, 'ten_1', 30)).toEqual([
      { program: 'bootstrap', hits: 1, misses: 1, hitRate: 0.5 },
      { program: 'iso', hits: 0, misses: 2, hitRate: 0 },
    ]);
    expect(await hitRates({ table, clock }, 'ten_2', 30)).toEqual([
      { program: 'bootstrap', hits: 1, misses: 0, hitRate: 1 },
    ]);
  });

  it('lose none of many builds that end at once', async () => {
    const builds = await Promise.all(
      Array.from({ length: 12 }, (_, number) => endedBuild(`bld_${number}`, { packages: number % 3 === 0 })),
    );
    await Promise.all([...builds, ...builds].map((build) => countHits({ table, clock }, build)));
    expect(await hitRates({ table, clock }, 'ten_1', 1)).toEqual([
      { program: 'packages', hits: 4, misses: 8, hitRate: 0.3333 },
    ]);
  });

  it('are of the days asked for', async () => {
    await countHits({ table, clock }, await endedBuild('bld_1', { tar: true }));
    now = new Date('2026-11-28T00:00:00.000Z');
    await countHits({ table, clock }, await endedBuild('bld_2', { tar: false }));
    const misses = async (days: number) => (await hitRates({ table, clock }, 'ten_1', days))[0]?.hitRate;
    expect([await misses(1), await misses(2), await misses(3)]).toEqual([0, 0, 0.5]);
  });
});

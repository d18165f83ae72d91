import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { MemoryTable } from '../../bench/simulation/memory-table.ts';
import {
  ConditionFailed,
  type Table,
  type TableKey,
  type TableQuery,
  type TableWrite,
} from '../../core/ports/table.ts';

const keys: fc.Arbitrary<TableKey> = fc.record({
  partition: fc.constantFrom('P', 'Q'),
  sort: fc.constantFrom('a', 'a#1', 'a#2', 'b', 'c'),
});
const condition = fc.constantFrom(
  ...[{ kind: 'absent' as const }, { kind: 'exists' as const }, { kind: 'version' as const, version: 1 }],
);
const indexes = fc.record({ byTenant: keys, byState: keys }, { requiredKeys: [] });
const write: fc.Arbitrary<TableWrite> = fc.oneof(
  fc.record({ key: keys, indexes, n: fc.nat(9), condition: fc.option(condition) }).map(
    ({ key, indexes: at, n, condition: when }): TableWrite => ({
      ...{ kind: 'put', key, data: { n }, counters: { used: n }, indexes: at },
      ...(when === null ? {} : { condition: when }),
    }),
  ),
  keys.map((key): TableWrite => ({ kind: 'delete', key })),
  fc
    .record({ key: keys, by: fc.integer({ min: -3, max: 3 }) })
    .map(({ key, by }): TableWrite => ({ kind: 'increment', key, counter: 'used', by, min: -2, max: 9 })),
);
const transaction = fc.uniqueArray(write, {
  minLength: 1,
  maxLength: 4,
  selector: ({ key }) => `${key.partition} ${key.sort}`,
});

async function outcome(table: Table, writes: readonly TableWrite[]): Promise<readonly number[]> {
  try {
    await table.transact(writes);
    return [];
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return error.failed;
  }
}

/** All pages of a query, two records each. */
async function all(table: Table, query: Omit<TableQuery, 'limit'>) {
  const records = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({ ...query, limit: 2, ...(cursor === undefined ? {} : { cursor }) });
    records.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}

it('the table of simulations does as the SQLite table does (property)', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { minLength: 1, maxLength: 12 }), async (history) => {
      const sqlite = openSqliteTable({ file: ':memory:', clock: createSystemClock() });
      const memory = new MemoryTable();
      for (const writes of history) expect(await outcome(memory, writes)).toEqual(await outcome(sqlite, writes));
      for (const partition of ['P', 'Q', 'R']) {
        for (const descending of [false, true]) {
          for (const at of [{}, { sortPrefix: 'a' }, { sortPrefix: 'a#' }]) {
            for (const index of [{}, { index: 'byTenant' as const }, { index: 'byState' as const }]) {
              const query = { partition, descending, ...at, ...index };
              expect(await all(memory, query)).toEqual(await all(sqlite, query));
            }
          }
        }
      }
      sqlite.close();
    }),
    { numRuns: 200 },
  );
});

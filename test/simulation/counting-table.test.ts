import { describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { CountingTable, type TableUnits } from '../../bench/simulation/counting-table.ts';
import { ConditionFailed, type Table } from '../../core/ports/table.ts';
import { recordBytes } from '../../core/ports/table-limits.ts';

const key = (sort: string) => ({ partition: 'P', sort });

/** Data that makes a record of about so many bytes. */
const data = (bytes: number) => ({ text: 'x'.repeat(bytes - 150) });

async function counted(work: (table: Table) => Promise<unknown>, before?: (table: Table) => Promise<unknown>) {
  const sqlite = openSqliteTable({ file: ':memory:', clock: createSystemClock() });
  await before?.(sqlite);
  const counting = new CountingTable(sqlite);
  await work(counting.of('test'));
  sqlite.close();
  return counting.total();
}

const units = (reads: number, writes: number, calls = 1): TableUnits => ({ reads, writes, calls });

/** The examples of DynamoDB's developer guide, "Capacity unit consumption", and its rules for transactions and indexes. */
describe('units of the table', () => {
  it('reads by 4 KB, also what is not there', async () => {
    const put = (bytes: number) => (table: Table) =>
      table.transact([{ kind: 'put', key: key('a'), data: data(bytes) }]);
    expect(await counted((table) => table.get(key('a')))).toEqual(units(1, 0));
    expect(await counted((table) => table.get(key('a')), put(3_500))).toEqual(units(1, 0));
    expect(await counted((table) => table.get(key('a')), put(10_000))).toEqual(units(3, 0));
  });

  it('adds up what a query reads before it rounds, and takes half for an index', async () => {
    const indexes = { byState: { partition: 'S', sort: 'a' } };
    const fill = (table: Table) =>
      table.transact(['a', 'b', 'c'].map((sort) => ({ kind: 'put', key: key(sort), data: data(1_500), indexes })));
    expect(await counted((table) => table.query({ partition: 'P', limit: 10 }), fill)).toEqual(units(2, 0));
    const byState = (table: Table) => table.query({ index: 'byState', partition: 'S', limit: 10 });
    expect(await counted(byState, fill)).toEqual(units(1, 0));
  });

  it('writes by 1 KB, twice in a transaction, once alone without a condition', async () => {
    const put = { kind: 'put', key: key('a'), data: data(2_900) } as const;
    expect(await counted((table) => table.transact([put]))).toEqual(units(0, 3));
    expect(await counted((table) => table.transact([{ ...put, condition: { kind: 'absent' } }]))).toEqual(units(0, 6));
    const small = { kind: 'put', key: key('b'), data: {} } as const;
    expect(await counted((table) => table.transact([put, small]))).toEqual(units(0, 8));
  });

  it('charges the larger of before and after, and a failed condition too', async () => {
    const fill = (table: Table) => table.transact([{ kind: 'put', key: key('a'), data: data(4_900) }]);
    const shrink = { kind: 'put', key: key('a'), data: {} } as const;
    expect(await counted((table) => table.transact([shrink]), fill)).toEqual(units(0, 5));
    const absent = (table: Table) => table.transact([{ ...shrink, condition: { kind: 'absent' } }]);
    const refused = (table: Table) => expect(absent(table)).rejects.toThrow(ConditionFailed);
    expect(await counted(refused, fill)).toEqual(units(0, 10));
  });

  it('writes an index, and both its places where a record moves in it', async () => {
    const at = (sort: string) =>
      ({ kind: 'put', key: key('a'), data: {}, indexes: { byState: { partition: 'S', sort } } }) as const;
    expect(await counted((table) => table.transact([at('1')]))).toEqual(units(0, 2));
    const move = (table: Table) => table.transact([at('2')]);
    expect(await counted(move, (table) => table.transact([at('1')]))).toEqual(units(0, 3));
    const leave = (table: Table) => table.transact([{ kind: 'delete', key: key('a') }]);
    expect(await counted(leave, (table) => table.transact([at('1')]))).toEqual(units(0, 2));
  });

  it('takes a record of the test for what it says', () => {
    const bytes = recordBytes({ key: key('a'), data: data(3_500), counters: {}, indexes: {} });
    expect(Math.abs(bytes - 3_500)).toBeLessThan(100);
  });
});

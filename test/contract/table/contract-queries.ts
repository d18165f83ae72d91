import { describe, expect, it } from 'vitest';
import { tableIndexes } from '../../../core/ports/table.ts';
import { all, newPartition, put, type Subject, sorts } from './table-under-test.ts';

/** Byte order of UTF-8; U+10000 and above come before U+E000 to U+FFFF in UTF-16, and must not here. */
const inByteOrder = [
  'A',
  'Z',
  'a',
  'a#1',
  'a#10',
  'a#2',
  'a$',
  'aa',
  'b',
  '\u00e9',
  '\u4f60',
  '\ue000',
  '\uff5e',
  '\u{1f600}',
  '\u{10ffff}',
];

/** Queries of partitions and indexes, page by page. */
export function describeQueries(subject: Subject): void {
  describe('queries', () => {
    it.each([1, 2, 4, 15, 100])('pages through a partition in byte order, both ways, %i at a time', async (limit) => {
      const { table } = subject();
      const partition = newPartition();
      await table.transact(inByteOrder.toReversed().map((sort) => put(partition, sort)));
      await table.transact([put(`${partition}x`, 'other')]);
      expect(await sorts(table, { partition, limit })).toStrictEqual(inByteOrder);
      expect(await sorts(table, { partition, limit, descending: true })).toStrictEqual(inByteOrder.toReversed());
    });

    it.each(['a', 'a#', 'a#1', '\u{1f600}', '\u{10ffff}', 'none', ''])(
      'keeps to the prefix "%s", both ways',
      async (sortPrefix) => {
        const { table } = subject();
        const partition = newPartition();
        await table.transact(inByteOrder.map((sort) => put(partition, sort)));
        const expected = inByteOrder.filter((sort) => sort.startsWith(sortPrefix));
        expect(await sorts(table, { partition, sortPrefix, limit: 2 })).toStrictEqual(expected);
        expect(await sorts(table, { partition, sortPrefix, limit: 2, descending: true })).toStrictEqual(
          expected.toReversed(),
        );
      },
    );

    it('has no cursor where nothing follows, and goes on after the record that ended a page was deleted', async () => {
      const { table } = subject();
      const partition = newPartition();
      await table.transact(['a', 'b', 'c', 'd'].map((sort) => put(partition, sort)));
      const first = await table.query({ partition, limit: 2 });
      expect(first.records.map(({ key }) => key.sort)).toStrictEqual(['a', 'b']);
      await table.transact([{ kind: 'delete', key: { partition, sort: 'b' } }, put(partition, 'bb')]);
      const second = await table.query({
        partition,
        limit: 3,
        ...(first.cursor === undefined ? {} : { cursor: first.cursor }),
      });
      expect(second.records.map(({ key }) => key.sort)).toStrictEqual(['bb', 'c', 'd']);
      expect(second.cursor).toBeUndefined();
      expect(await table.query({ partition: newPartition(), limit: 1 })).toStrictEqual({ records: [] });
    });

    it('ends a page near 1 MB, with a cursor', async () => {
      const { table } = subject();
      const partition = newPartition();
      const names = ['a', 'b', 'c', 'd', 'e'];
      for (const sort of names) await table.transact([put(partition, sort, { data: { text: 'x'.repeat(390_000) } })]);
      const page = await table.query({ partition, limit: 10 });
      expect(page.records.length).toBeGreaterThan(0);
      expect(page.records.length).toBeLessThan(5);
      expect(page.cursor).toBeTypeOf('string');
      expect(await sorts(table, { partition, limit: 10 })).toStrictEqual(names);
    });

    it('refuses a cursor that is malformed or of another query', async () => {
      const { table } = subject();
      const partition = newPartition();
      await table.transact(['a1', 'a2', 'a3'].map((sort) => put(partition, sort)));
      const { cursor = '' } = await table.query({ partition, limit: 1, sortPrefix: 'a' });
      const refused = { code: 'cursor.invalid' };
      for (const other of [
        { partition: `${partition}x`, sortPrefix: 'a' },
        { partition },
        { partition, sortPrefix: 'a', descending: true },
        { partition, sortPrefix: 'a', index: 'byState' as const },
      ]) {
        await expect(table.query({ ...other, limit: 1, cursor })).rejects.toMatchObject(refused);
      }
      for (const text of ['', 'x', '{}', 'bnVsbA', `${cursor.slice(0, -6)}`, 'a'.repeat(5000)]) {
        await expect(table.query({ partition, sortPrefix: 'a', limit: 1, cursor: text })).rejects.toMatchObject(
          refused,
        );
      }
    });
  });

  describe.each(tableIndexes)('index %s', (index) => {
    it('holds the records that have its key, whole, in its order, and follows them as they move', async () => {
      const { table } = subject();
      const partition = newPartition();
      const [queued, running] = [`${partition}/queued`, `${partition}/running`];
      const at = (state: string, sort: string) => ({ indexes: { [index]: { partition: state, sort } } });
      await table.transact([
        put(partition, 'a', at(queued, '3')),
        put(partition, 'b', { ...at(queued, '1'), counters: { n: 7 }, expiresAt: 4_000_000_000 }),
        put(partition, 'c', at(queued, '2')),
        put(partition, 'd'),
      ]);
      const inState = (state: string) => sorts(table, { index, partition: state, limit: 2 });
      expect(await inState(queued)).toStrictEqual(['b', 'c', 'a']);
      expect(await sorts(table, { index, partition: queued, limit: 2, descending: true })).toStrictEqual([
        'a',
        'c',
        'b',
      ]);
      expect(await sorts(table, { index, partition: queued, limit: 2, sortPrefix: '2' })).toStrictEqual(['c']);
      const [whole] = await all(table, { index, partition: queued, limit: 1 });
      expect(whole).toStrictEqual(await table.get({ partition, sort: 'b' }));

      await table.transact([
        put(partition, 'b', at(running, '1')),
        put(partition, 'c'),
        put(partition, 'd', at(queued, '0')),
      ]);
      expect(await inState(queued)).toStrictEqual(['d', 'a']);
      expect(await inState(running)).toStrictEqual(['b']);
      await table.transact([{ kind: 'increment', key: { partition, sort: 'a' }, counter: 'n', by: 1 }]);
      await table.transact([{ kind: 'delete', key: { partition, sort: 'd' } }]);
      expect(await all(table, { index, partition: queued, limit: 5 })).toMatchObject([
        { key: { sort: 'a' }, version: 2, counters: { n: 1 } },
      ]);
      const others = tableIndexes.filter((other) => other !== index);
      for (const other of others)
        expect(await sorts(table, { index: other, partition: queued, limit: 5 })).toStrictEqual([]);
    });

    it.each([1, 3])('gives each of many records with one sort key once, %i at a time, both ways', async (limit) => {
      const { table } = subject();
      const partition = newPartition();
      const names = Array.from({ length: 8 }, (_, position) => `r${position}`);
      const indexes = { [index]: { partition, sort: 'same' } };
      await table.transact(names.map((sort, position) => put(`${partition}/${position % 3}`, sort, { indexes })));
      expect((await sorts(table, { index, partition, limit })).toSorted()).toStrictEqual(names);
      expect((await sorts(table, { index, partition, limit, descending: true })).toSorted()).toStrictEqual(names);
    });
  });
}

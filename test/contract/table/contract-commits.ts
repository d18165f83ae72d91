import { describe, expect, it } from 'vitest';
import type { TableWrite } from '../../../core/ports/table.ts';
import { drain, newPartition, outcome, put, type Subject } from './table-under-test.ts';

/** Commits against each other, and the feed of what they changed. */
export function describeCommits(subject: Subject): void {
  describe('concurrency', () => {
    it('lets exactly 30 of 50 parallel increments through a bound of 30, and counts each once', async () => {
      const { table, feed } = subject();
      const key = { partition: newPartition(), sort: 'slots' };
      const { position } = await drain(feed);
      const increment: TableWrite = { kind: 'increment', key, counter: 'used', by: 1, max: 30 };
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(table, [increment])));
      expect(outcomes.filter((one) => one === 'committed')).toHaveLength(30);
      expect(await table.get(key)).toMatchObject({ version: 30, counters: { used: 30 } });
      const changes = (await drain(feed, position)).changes.filter((change) => change.key.partition === key.partition);
      expect(changes.map(({ after }) => after?.counters.used)).toStrictEqual(
        Array.from({ length: 30 }, (_, n) => n + 1),
      );
    });

    it('lets one of 20 creators win', async () => {
      const { table } = subject();
      const partition = newPartition();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, winner) =>
          outcome(table, [
            put(partition, 'a', { data: { winner }, condition: { kind: 'absent' } }),
            put(partition, `b${winner}`),
          ]),
        ),
      );
      const winner = outcomes.indexOf('committed');
      expect(outcomes.toSpliced(winner, 1)).toStrictEqual(Array.from({ length: 19 }, () => [0]));
      const { records } = await table.query({ partition, limit: 30 });
      expect(records.map(({ key, data }) => [key.sort, data.winner])).toStrictEqual([
        ['a', winner],
        [`b${winner}`, undefined],
      ]);
    });

    it('loses no update of 10 writers that read, change, and write if the version is the one they read', async () => {
      const { table } = subject();
      const key = { partition: newPartition(), sort: 'a' };
      await table.transact([{ kind: 'put', key, data: { sum: 0 } }]);
      const add = async (): Promise<void> => {
        for (;;) {
          const record = await table.get(key);
          const write: TableWrite = {
            kind: 'put',
            key,
            data: { sum: Number(record?.data.sum) + 1 },
            condition: { kind: 'version', version: record?.version ?? 0 },
          };
          if ((await outcome(table, [write])) === 'committed') return;
        }
      };
      await Promise.all(Array.from({ length: 10 }, add));
      expect(await table.get(key)).toMatchObject({ version: 11, data: { sum: 10 } });
    });

    it('keeps a sum over two records while 20 transactions move amounts in both directions', async () => {
      const { table } = subject();
      const partition = newPartition();
      const account = (sort: string) => ({ partition, sort });
      await table.transact(['a', 'b'].map((sort) => put(partition, sort, { counters: { held: 3 } })));
      const move = (from: string, to: string): TableWrite[] => [
        { kind: 'increment', key: account(from), counter: 'held', by: -2, min: 0 },
        { kind: 'increment', key: account(to), counter: 'held', by: 2 },
      ];
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, n) => outcome(table, n % 2 === 0 ? move('a', 'b') : move('b', 'a'))),
      );
      const held = async (sort: string) => (await table.get(account(sort)))?.counters.held ?? Number.NaN;
      const [a, b] = [await held('a'), await held('b')];
      expect(a + b).toBe(6);
      const done = (parity: number) => outcomes.filter((one, n) => n % 2 === parity && one === 'committed').length;
      expect(a).toBe(3 - 2 * done(0) + 2 * done(1));
    });
  });

  describe('the feed of changes', () => {
    it.each([1, 3, 100])(
      'gives each change once, with both images, in the order of commits, %i at a time',
      async (limit) => {
        const { table, feed } = subject();
        const partition = newPartition();
        const key = { partition, sort: 'a' };
        const { position } = await drain(feed);
        const indexes = { byState: { partition, sort: 's' } };
        await table.transact([put(partition, 'a', { indexes, counters: { n: 1 }, expiresAt: 4_000_000_000 })]);
        const first = await table.get(key);
        await table.transact([{ kind: 'increment', key, counter: 'n', by: 1 }, put(partition, 'b')]);
        const second = await table.get(key);
        await outcome(table, [put(partition, 'c'), { kind: 'check', key, condition: { kind: 'absent' } }]);
        await table.transact([{ kind: 'check', key, condition: { kind: 'exists' } }]);
        await table.transact([{ kind: 'delete', key: { partition, sort: 'never' } }]);
        await table.transact([{ kind: 'delete', key }]);
        await table.transact([put(partition, 'a')]);
        const third = await table.get(key);

        const { changes, position: end } = await drain(feed, position, limit);
        const own = changes.filter((change) => change.key.partition === partition);
        expect(own.filter((change) => change.key.sort === 'a')).toStrictEqual([
          { key, after: first },
          { key, before: first, after: second },
          { key, before: second },
          { key, after: third },
        ]);
        expect(own.filter((change) => change.key.sort !== 'a')).toMatchObject([
          { key: { sort: 'b' }, after: { version: 1 } },
        ]);
        expect((await drain(feed, end)).changes).toStrictEqual([]);
        expect((await feed.read(position, limit)).changes).toStrictEqual(changes.slice(0, limit));
      },
    );

    it.each(['x', '-1', '{}', ''])('refuses the position "%s"', async (position) => {
      await expect(subject().feed.read(position, 1)).rejects.toMatchObject({ code: 'cursor.invalid' });
    });

    it('gives large changes over several reads', async () => {
      const { table, feed } = subject();
      const partition = newPartition();
      const { position } = await drain(feed);
      const text = 'x'.repeat(390_000);
      for (const sort of ['a', 'b', 'c', 'd']) await table.transact([put(partition, sort, { data: { text } })]);
      const { changes } = await drain(feed, position);
      expect(changes.map((change) => [change.key.sort, change.after?.data.text === text])).toStrictEqual(
        ['a', 'b', 'c', 'd'].map((sort) => [sort, true]),
      );
    });
  });
}

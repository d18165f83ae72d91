import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/digest.ts';
import type { TableCondition, TableWrite } from '../../../core/ports/table.ts';
import { newPartition, outcome, put, type Subject } from './table-under-test.ts';

const survivors: readonly (readonly [string, JsonObject])[] = [
  ['nothing', {}],
  ['empty values', { text: '', object: {}, list: [], nothing: null }],
  ['booleans', { yes: true, no: false }],
  ['Unicode', { text: 'é 你好 😀 \u{10ffff}', 'ключ 🔑': 1, nul: 'a\u0000b', line: 'a\r\n\t\u2028' }],
  ['names with a meaning elsewhere', { constructor: 1, toString: 2, size: 3, S: 'x', M: { N: '1' }, 'a.b[0]': '#' }],
  ['nested lists', { list: [[[1, [2]], []], [{ a: [{ b: null }] }]] }],
  ['integers', { one: 1, minus: -1, zero: 0, large: 2 ** 53 - 1, small: -(2 ** 53) + 1, huge: 1e21, vast: 123e100 }],
  ['fractions', { tenth: 0.1, sum: 0.1 + 0.2, third: 1 / 3, minus: -2.5e-10, least: 1e-130, most: 9.99e125 }],
  ['long text', { text: 'x'.repeat(300_000) }],
];

/** Values, versions, conditions and counters of single records, and transactions of several. */
export function describeRecords(subject: Subject): void {
  describe('values', () => {
    it.each(survivors)('keeps %s', async (_, data) => {
      const { table } = subject();
      const key = { partition: newPartition(), sort: 'a' };
      await table.transact([{ kind: 'put', key, data, counters: { n: 5 }, expiresAt: 4_000_000_000 }]);
      expect(await table.get(key)).toStrictEqual({
        key,
        version: 1,
        data,
        counters: { n: 5 },
        indexes: {},
        expiresAt: 4_000_000_000,
      });
    });

    it('reads minus zero as zero, as JSON does', async () => {
      const key = { partition: newPartition(), sort: 'a' };
      await subject().table.transact([{ kind: 'put', key, data: { n: -0 } }]);
      expect((await subject().table.get(key))?.data).toStrictEqual({ n: 0 });
    });

    it.each(['😀', 'é/ü', 'a b', "x'; DROP TABLE record; --", '%_*?', 'x'.repeat(1024)])(
      'keeps the key %s',
      async (text) => {
        const { table } = subject();
        const partition = `${newPartition()}${text}`.slice(0, 1024);
        await table.transact([put(partition, text)]);
        expect((await table.get({ partition, sort: text }))?.key).toStrictEqual({ partition, sort: text });
        expect((await table.query({ partition, limit: 1 })).records).toHaveLength(1);
      },
    );

    it('answers nothing for a record that is not there', async () => {
      expect(await subject().table.get({ partition: newPartition(), sort: 'a' })).toBeUndefined();
    });

    it('replaces data, indexes and expiry whole, keeps counters, and counts versions', async () => {
      const { table } = subject();
      const partition = newPartition();
      const index = { partition: `${partition}i`, sort: 's' };
      await table.transact([
        put(partition, 'a', {
          data: { first: 1 },
          counters: { kept: 1 },
          indexes: { byTenant: index, byState: index },
          expiresAt: 4_000_000_000,
        }),
      ]);
      await table.transact([put(partition, 'a', { data: { second: 2 }, counters: { kept: 9, ignored: 9 } })]);
      expect(await table.get({ partition, sort: 'a' })).toStrictEqual({
        key: { partition, sort: 'a' },
        version: 2,
        data: { second: 2 },
        counters: { kept: 1 },
        indexes: {},
      });
      await table.transact([{ kind: 'increment', key: { partition, sort: 'a' }, counter: 'kept', by: 2 }]);
      expect(await table.get({ partition, sort: 'a' })).toMatchObject({ version: 3, counters: { kept: 3 } });
      await table.transact([{ kind: 'delete', key: { partition, sort: 'a' } }]);
      await table.transact([put(partition, 'a')]);
      expect(await table.get({ partition, sort: 'a' })).toMatchObject({ version: 1, counters: {} });
    });

    it('has no error for the deletion of what is not there', async () => {
      const key = { partition: newPartition(), sort: 'a' };
      expect(await outcome(subject().table, [{ kind: 'delete', key }])).toBe('committed');
      const put1 = put(key.partition, 'b');
      expect(await outcome(subject().table, [{ kind: 'delete', key }, put1])).toBe('committed');
      expect(await subject().table.get(put1.key)).toBeDefined();
    });
  });

  describe('conditions', () => {
    const conditions: readonly (readonly [string, TableCondition, boolean, boolean])[] = [
      ['absent', { kind: 'absent' }, true, false],
      ['exists', { kind: 'exists' }, false, true],
      ['the version', { kind: 'version', version: 2 }, false, true],
      ['an older version', { kind: 'version', version: 1 }, false, false],
      ['a newer version', { kind: 'version', version: 3 }, false, false],
    ];
    const kinds = ['put', 'delete', 'check', 'increment'] as const;
    const cases = conditions.flatMap(([name, condition, ifAbsent, ifPresent]) =>
      kinds
        .filter((kind) => kind !== 'increment' || condition.kind !== 'absent')
        .flatMap((kind) => [
          { name, kind, condition, on: 'no record', holds: ifAbsent },
          { name, kind, condition, on: 'version 2', holds: ifPresent },
        ]),
    );
    it.each(cases)(
      '$kind if $name on $on: holds is $holds, alone and with another',
      async ({ kind, condition, on, holds }) => {
        const { table } = subject();
        const partition = newPartition();
        for (const companions of [[], [put(partition, 'companion')]]) {
          const key = { partition, sort: `a${companions.length}` };
          if (on === 'version 2') await table.transact([put(partition, key.sort)]);
          if (on === 'version 2') await table.transact([put(partition, key.sort)]);
          const before = await table.get(key);
          const write: TableWrite =
            kind === 'put'
              ? { kind, key, data: { new: true }, condition }
              : kind === 'increment'
                ? { kind, key, counter: 'n', by: 1, condition }
                : { kind, key, condition };
          expect(await outcome(table, [...companions, write])).toStrictEqual(holds ? 'committed' : [companions.length]);
          const after = await table.get(key);
          if (!holds || kind === 'check') expect(after).toStrictEqual(before);
          else if (kind === 'delete') expect(after).toBeUndefined();
          else expect(after?.version).toBe((before?.version ?? 0) + 1);
        }
        expect((await table.get({ partition, sort: 'companion' })) !== undefined).toBe(holds);
      },
    );
  });

  describe('counters', () => {
    it('creates the record where it is absent and there is no condition', async () => {
      const { table } = subject();
      const key = { partition: newPartition(), sort: 'n' };
      await table.transact([{ kind: 'increment', key, counter: 'used', by: 3, min: 0, max: 3 }]);
      await table.transact([{ kind: 'increment', key, counter: 'held', by: -1 }]);
      expect(await table.get(key)).toStrictEqual({
        key,
        version: 2,
        data: {},
        counters: { used: 3, held: -1 },
        indexes: {},
      });
    });

    it.each([
      { start: undefined, by: 1, max: 0 },
      { start: undefined, by: -1, min: 0 },
      { start: undefined, by: 1, min: 5 },
      { start: 10, by: 1, max: 10 },
      { start: 10, by: -11, min: 0 },
      { start: 10, by: 0, min: 11 },
      { start: Number.MAX_SAFE_INTEGER, by: 1 },
      { start: Number.MIN_SAFE_INTEGER, by: -1 },
    ])('fails where the result would leave its bounds: %o', async ({ start, by, ...bounds }) => {
      const { table } = subject();
      const key = { partition: newPartition(), sort: 'n' };
      if (start !== undefined) await table.transact([{ kind: 'put', key, data: {}, counters: { n: start } }]);
      const before = await table.get(key);
      expect(await outcome(table, [{ kind: 'increment', key, counter: 'n', by, ...bounds }])).toStrictEqual([0]);
      expect(await table.get(key)).toStrictEqual(before);
    });

    it.each([
      { start: 9, by: 1, max: 10, result: 10 },
      { start: 3, by: -3, min: 0, result: 0 },
      { start: 20, by: -1, max: 30, min: 0, result: 19 },
      { start: Number.MAX_SAFE_INTEGER - 1, by: 1, result: Number.MAX_SAFE_INTEGER },
      { start: -5, by: Number.MAX_SAFE_INTEGER, result: Number.MAX_SAFE_INTEGER - 5 },
    ])('takes a result on its bounds: %o', async ({ start, by, result, ...bounds }) => {
      const { table } = subject();
      const key = { partition: newPartition(), sort: 'n' };
      await table.transact([{ kind: 'put', key, data: { kept: true }, counters: { n: start } }]);
      await table.transact([{ kind: 'increment', key, counter: 'n', by, ...bounds }]);
      expect(await table.get(key)).toMatchObject({ version: 2, data: { kept: true }, counters: { n: result } });
    });

    it('takes any name of a counter, and a name with a meaning in JavaScript starts at 0', async () => {
      const { table } = subject();
      const key = { partition: newPartition(), sort: 'n' };
      for (const counter of ['constructor', 'toString', 'a.b', '#x', 'größe']) {
        await table.transact([{ kind: 'increment', key, counter, by: 1, max: 1 }]);
      }
      const expected = { constructor: 1, toString: 1, 'a.b': 1, '#x': 1, größe: 1 };
      expect((await table.get(key))?.counters).toStrictEqual(expected);
    });
  });

  describe('transactions', () => {
    it('carries out 100 writes of all kinds at once', async () => {
      const { table } = subject();
      const partition = newPartition();
      const key = (position: number) => ({ partition, sort: `a${position}` });
      await table.transact(Array.from({ length: 50 }, (_, position) => put(partition, key(position).sort)));
      await table.transact([
        ...Array.from({ length: 20 }, (_, n): TableWrite => ({ kind: 'delete', key: key(n) })),
        ...Array.from(
          { length: 20 },
          (_, n): TableWrite => ({ kind: 'increment', key: key(n + 20), counter: 'n', by: n }),
        ),
        ...Array.from(
          { length: 10 },
          (_, n): TableWrite => ({ kind: 'check', key: key(n + 40), condition: { kind: 'exists' } }),
        ),
        ...Array.from({ length: 25 }, (_, n) => put(partition, key(n + 50).sort, { condition: { kind: 'absent' } })),
        ...Array.from(
          { length: 25 },
          (_, n): TableWrite => ({ kind: 'increment', key: key(n + 75), counter: 'n', by: 1 }),
        ),
      ]);
      expect((await table.query({ partition, limit: 1000 })).records).toHaveLength(80);
    });

    it('writes nothing where one condition fails, and names every failed one', async () => {
      const { table } = subject();
      const partition = newPartition();
      const key = (sort: string) => ({ partition, sort });
      await table.transact([put(partition, 'there', { counters: { n: 1 } })]);
      const failed = await outcome(table, [
        put(partition, 'new'),
        put(partition, 'there', { condition: { kind: 'absent' } }),
        { kind: 'increment', key: key('created'), counter: 'n', by: 1 },
        { kind: 'increment', key: key('bounded'), counter: 'n', by: 2, max: 1 },
        { kind: 'check', key: key('missing'), condition: { kind: 'exists' } },
        { kind: 'delete', key: key('gone'), condition: { kind: 'version', version: 4 } },
      ]);
      expect(failed).toStrictEqual([1, 3, 4, 5]);
      expect((await table.query({ partition, limit: 10 })).records).toMatchObject([
        { key: key('there'), version: 1, counters: { n: 1 } },
      ]);
    });
  });
}

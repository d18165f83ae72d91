import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import type { TableWrite } from '../../../core/ports/table.ts';
import { newPartition, put, type Subject } from './table-under-test.ts';

function nested(levels: number): JsonValue {
  return levels === 0 ? 'x' : { a: nested(levels - 1) };
}
const largest = 400 * 1024;
const key = { partition: 'limits', sort: 'a' };
const refusals: readonly { name: string; writes: readonly TableWrite[]; path: string; code: string }[] = [
  { name: 'no write', writes: [], path: 'writes', code: 'write_count' },
  {
    name: '101 writes',
    writes: Array.from({ length: 101 }, (_, n) => put('limits', `s${n}`)),
    path: 'writes',
    code: 'write_count',
  },
  {
    name: 'two writes of one key',
    writes: [put('limits', 'a'), { kind: 'delete', key }],
    path: 'writes[1].key',
    code: 'duplicate_key',
  },
  {
    name: 'a record above 400 KB',
    writes: [put('limits', 'a', { data: { text: 'x'.repeat(largest) } })],
    path: 'writes[0]',
    code: 'too_large',
  },
  {
    name: 'a record above 400 KB of UTF-8',
    writes: [put('limits', 'a', { data: { text: 'é'.repeat(largest / 2) } })],
    path: 'writes[0]',
    code: 'too_large',
  },
  {
    name: 'a transaction above 4 MB',
    writes: Array.from({ length: 11 }, (_, n) => put('limits', `s${n}`, { data: { text: 'x'.repeat(390_000) } })),
    path: 'writes',
    code: 'too_large',
  },
  { name: 'an empty partition', writes: [put('', 'a')], path: 'writes[0].key.partition', code: 'key_length' },
  { name: 'an empty sort key', writes: [put('limits', '')], path: 'writes[0].key.sort', code: 'key_length' },
  { name: 'a long sort key', writes: [put('limits', 'é'.repeat(513))], path: 'writes[0].key.sort', code: 'key_length' },
  {
    name: 'a key with a line break',
    writes: [put('limits', 'a\nb')],
    path: 'writes[0].key.sort',
    code: 'key_characters',
  },
  { name: 'a key with NUL', writes: [put('limits', 'a\u0000')], path: 'writes[0].key.sort', code: 'key_characters' },
  {
    name: 'a key with half a pair',
    writes: [put('limits', 'a\ud800', { data: {} })],
    path: 'writes[0].key.sort',
    code: 'key_characters',
  },
  {
    name: 'an empty key of an index',
    writes: [put('limits', 'a', { indexes: { byState: { partition: 'x', sort: '' } } })],
    path: 'writes[0].indexes.byState.sort',
    code: 'key_length',
  },
  {
    name: 'half a pair in data',
    writes: [put('limits', 'a', { data: { a: ['\udc00'] } })],
    path: 'writes[0].data.a[0]',
    code: 'not_unicode',
  },
  {
    name: 'an empty name',
    writes: [put('limits', 'a', { data: { a: { '': 1 } } })],
    path: 'writes[0].data.a',
    code: 'name',
  },
  {
    name: 'the name __proto__',
    writes: [put('limits', 'a', { data: { ['__proto__']: 1 } })],
    path: 'writes[0].data',
    code: 'name',
  },
  {
    name: 'not a number',
    writes: [put('limits', 'a', { data: { a: Number.NaN } })],
    path: 'writes[0].data.a',
    code: 'number_range',
  },
  {
    name: 'an infinite number',
    writes: [put('limits', 'a', { data: { a: -Infinity } })],
    path: 'writes[0].data.a',
    code: 'number_range',
  },
  {
    name: 'a number too large',
    writes: [put('limits', 'a', { data: { a: 1e126 } })],
    path: 'writes[0].data.a',
    code: 'number_range',
  },
  {
    name: 'a number too small',
    writes: [put('limits', 'a', { data: { a: -1e-131 } })],
    path: 'writes[0].data.a',
    code: 'number_range',
  },
  {
    name: '31 levels',
    writes: [put('limits', 'a', { data: { a: nested(30) } })],
    path: `writes[0].data${'.a'.repeat(30)}`,
    code: 'too_deep',
  },
  {
    name: 'a fraction as counter',
    writes: [put('limits', 'a', { counters: { n: 0.5 } })],
    path: 'writes[0].counters.n',
    code: 'not_integer',
  },
  {
    name: 'an expiry that is no integer',
    writes: [put('limits', 'a', { expiresAt: 0.5 })],
    path: 'writes[0].expiresAt',
    code: 'not_integer',
  },
  {
    name: 'an increment by a fraction',
    writes: [{ kind: 'increment', key, counter: 'n', by: 0.1 }],
    path: 'writes[0].by',
    code: 'not_integer',
  },
  {
    name: 'an unsafe bound',
    writes: [{ kind: 'increment', key, counter: 'n', by: 1, max: 2 ** 53 }],
    path: 'writes[0].max',
    code: 'not_integer',
  },
  {
    name: 'bounds that exclude all',
    writes: [{ kind: 'increment', key, counter: 'n', by: 1, min: 2, max: 1 }],
    path: 'writes[0].min',
    code: 'out_of_range',
  },
  {
    name: 'a counter without a name',
    writes: [{ kind: 'increment', key, counter: '', by: 1 }],
    path: 'writes[0].counter',
    code: 'name',
  },
  {
    name: 'an increment if absent',
    writes: [{ kind: 'increment', key, counter: 'n', by: 1, condition: { kind: 'absent' } }],
    path: 'writes[0].condition',
    code: 'not_applicable',
  },
];

/** What the table refuses, and what it just takes. */
export function describeLimits(subject: Subject): void {
  describe('limits', () => {
    it.each(refusals)('refuses $name', async ({ writes, path, code }) => {
      const refused = await subject()
        .table.transact(writes)
        .catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(EngineError);
      expect(refused).toMatchObject({ code: 'table.refused', fields: [{ path, code }] });
      expect((await subject().table.query({ partition: 'limits', limit: 1 })).records).toStrictEqual([]);
    });

    it('names all problems at once', async () => {
      const writes = [put('limits', '', { data: { a: Number.NaN } }), put('limits', 'b', { counters: { n: 0.1 } })];
      const paths = ['writes[0].key.sort', 'writes[0].data.a', 'writes[1].counters.n'];
      await expect(subject().table.transact(writes)).rejects.toMatchObject({ fields: paths.map((path) => ({ path })) });
    });

    it.each([0, -1, 1.5, 1001, Number.NaN])('refuses a query of %d records', async (limit) => {
      await expect(subject().table.query({ partition: 'limits', limit })).rejects.toMatchObject({
        code: 'table.refused',
      });
    });

    it.each([
      { partition: '', sort: 'a' },
      { partition: 'a', sort: 'x'.repeat(1025) },
    ])('refuses to read %o', async (bad) => {
      await expect(subject().table.get(bad)).rejects.toMatchObject({ code: 'table.refused' });
    });

    it('takes what is just within: 400 KB, 30 levels, nearly 4 MB in a transaction', async () => {
      const { table } = subject();
      const partition = newPartition();
      await table.transact([put(partition, 'large', { data: { text: 'x'.repeat(largest - 400) } })]);
      await table.transact([put(partition, 'deep', { data: { a: nested(29) } }), put(partition, 'other')]);
      const text = 'x'.repeat(400_000);
      await table.transact(Array.from({ length: 10 }, (_, n) => put(`${partition}x`, `s${n}`, { data: { text } })));
      expect((await table.get({ partition, sort: 'large' }))?.data).toStrictEqual({ text: 'x'.repeat(largest - 400) });
    });

    it('refuses an increment that makes a record larger than 400 KB, and keeps the record', async () => {
      const { table } = subject();
      const partition = newPartition();
      await table.transact([put(partition, 'a', { data: { text: 'x'.repeat(largest - 300) } })]);
      const grow: TableWrite = { kind: 'increment', key: { partition, sort: 'a' }, counter: 'n'.repeat(500), by: 1 };
      await expect(table.transact([grow])).rejects.toMatchObject({
        code: 'table.refused',
        fields: [{ code: 'too_large' }],
      });
      await expect(table.transact([put(partition, 'b'), grow])).rejects.toMatchObject({
        fields: [{ path: 'writes[1]' }],
      });
      expect(await table.get({ partition, sort: 'a' })).toMatchObject({ version: 1, counters: {} });
      expect(await table.get({ partition, sort: 'b' })).toBeUndefined();
    });
  });
}

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/digest.ts';
import {
  type TableChange,
  type TableCondition,
  type TableIndex,
  type TableKey,
  type TableRecord,
  type TableWrite,
  tableIndexes,
} from '../../../core/ports/table.ts';
import { all, drain, newPartition, outcome, type Subject } from './table-under-test.ts';

const sortKeys = ['a', 'a#b', 'é', '\uffee', '\u{1f600}'];
const partitions = ['one', 'two'];
const counters = ['n', 'm'];

const numbers = fc
  .double({ min: -9.99e125, max: 9.99e125, noNaN: true })
  .filter((value) => value === 0 || Math.abs(value) >= 1e-130)
  .map((value) => (value === 0 ? 0 : value));
const names = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }).filter((name) => name !== '__proto__');
const values = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    numbers,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));

const keys: fc.Arbitrary<TableKey> = fc.record({
  partition: fc.constantFrom(...partitions),
  sort: fc.constantFrom(...sortKeys),
});
const indexes: fc.Arbitrary<Partial<Record<TableIndex, TableKey>>> = fc.record(
  { byTenant: keys, byState: keys },
  { requiredKeys: [] },
);
const existing: fc.Arbitrary<TableCondition> = fc.oneof(
  fc.constant<TableCondition>({ kind: 'exists' }),
  fc.integer({ min: 1, max: 4 }).map((version): TableCondition => ({ kind: 'version', version })),
);
const conditions: fc.Arbitrary<TableCondition> = fc.oneof(fc.constant<TableCondition>({ kind: 'absent' }), existing);
const small = fc.integer({ min: -4, max: 4 });
const writes: fc.Arbitrary<TableWrite> = fc.oneof(
  fc
    .record(
      {
        key: keys,
        data: values.object,
        counters: fc.dictionary(fc.constantFrom(...counters), small, { noNullPrototype: true }),
        indexes,
        expiresAt: fc.integer({ min: 4_000_000_000, max: 5_000_000_000 }),
        condition: conditions,
      },
      { requiredKeys: ['key', 'data'] },
    )
    .map((write): TableWrite => ({ kind: 'put', ...write })),
  fc
    .record({ key: keys, condition: conditions }, { requiredKeys: ['key'] })
    .map((write): TableWrite => ({ kind: 'delete', ...write })),
  fc.record({ key: keys, condition: conditions }).map((write): TableWrite => ({ kind: 'check', ...write })),
  fc
    .record(
      {
        key: keys,
        counter: fc.constantFrom(...counters),
        by: small,
        min: fc.integer({ min: -6, max: 0 }),
        max: fc.integer({ min: 0, max: 6 }),
        condition: existing,
      },
      { requiredKeys: ['key', 'counter', 'by'] },
    )
    .map((write): TableWrite => ({ kind: 'increment', ...write })),
);
const histories = fc.array(
  fc.uniqueArray(writes, { minLength: 1, maxLength: 5, selector: ({ key }) => `${key.partition}/${key.sort}` }),
  { minLength: 1, maxLength: 8 },
);

/** The table as simply as it can be said: records in a map, one transaction after the other. */
class Model {
  readonly records = new Map<string, TableRecord>();
  readonly changes: TableChange[] = [];

  transact(list: readonly TableWrite[]): 'committed' | readonly number[] {
    const failed = [...list.keys()].filter((position) => !this.#holds(list[position]));
    if (failed.length > 0) return failed;
    for (const write of list) {
      const name = nameOf(write.key);
      const before = this.records.get(name);
      const after = this.#written(write, before);
      if (after === undefined) this.records.delete(name);
      else this.records.set(name, after);
      if (write.kind === 'check' || (before === undefined && after === undefined)) continue;
      this.changes.push({ key: write.key, ...(before && { before }), ...(after && { after }) });
    }
    return 'committed';
  }

  #holds(write: TableWrite | undefined): boolean {
    if (write === undefined) return false;
    const before = this.records.get(nameOf(write.key));
    const { condition } = write;
    if (condition?.kind === 'absent' && before) return false;
    if (condition?.kind === 'exists' && !before) return false;
    if (condition?.kind === 'version' && before?.version !== condition.version) return false;
    if (write.kind !== 'increment') return true;
    const result = (before?.counters[write.counter] ?? 0) + write.by;
    return !(result < (write.min ?? -Infinity)) && !(result > (write.max ?? Infinity));
  }

  #written(write: TableWrite, before: TableRecord | undefined): TableRecord | undefined {
    if (write.kind === 'delete') return undefined;
    if (write.kind === 'check') return before;
    const version = before ? before.version + 1 : 1;
    if (write.kind === 'increment') {
      const old: TableRecord = before ?? { key: write.key, version, data: {}, counters: {}, indexes: {} };
      return {
        ...old,
        version,
        counters: { ...old.counters, [write.counter]: (old.counters[write.counter] ?? 0) + write.by },
      };
    }
    const { key, data, expiresAt } = write;
    const kept = before ? before.counters : (write.counters ?? {});
    return {
      key,
      data,
      version,
      counters: kept,
      indexes: write.indexes ?? {},
      ...(expiresAt !== undefined && { expiresAt }),
    };
  }
}

/** Random histories give the same outcomes, records, pages and changes as the model. */
export function describeModel(subject: Subject, runs: number): void {
  it(`does as the model does in ${runs} random histories`, { timeout: 120_000 }, async () => {
    const { table, feed } = subject();
    let { position } = await drain(feed);
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const run = newPartition();
        const model = new Model();
        const own = (key: TableKey): TableKey => ({ ...key, partition: `${run}/${key.partition}` });
        for (const list of history) {
          const placed = list.map((write) => ({ ...write, key: own(write.key), ...ownIndexes(write, own) }));
          expect(await outcome(table, placed)).toStrictEqual(model.transact(placed));
        }

        const stored = [...model.records.values()];
        for (const partition of partitions.map((name) => `${run}/${name}`)) {
          const inPartition = stored.filter(({ key }) => key.partition === partition).toSorted(bySort);
          for (const sort of sortKeys) {
            const expected = inPartition.find(({ key }) => key.sort === sort);
            expect(await table.get({ partition, sort })).toStrictEqual(expected);
          }
          expect(await all(table, { partition, limit: 2 })).toStrictEqual(inPartition);
          expect(await all(table, { partition, limit: 2, descending: true })).toStrictEqual(inPartition.toReversed());
          for (const index of tableIndexes) {
            const inIndex = stored.filter(({ indexes: { [index]: key } }) => key?.partition === partition);
            const found = await all(table, { index, partition, limit: 2 });
            // Records with one sort key come in any order.
            expect(found.toSorted(byName)).toStrictEqual(inIndex.toSorted(byName));
            const order = found.map(({ indexes: { [index]: key } }) => Buffer.from(key?.sort ?? ''));
            expect(order).toStrictEqual(order.toSorted(Buffer.compare));
          }
        }

        const read = await drain(feed, position, 7);
        position = read.position;
        const ofRun = read.changes.filter(({ key }) => key.partition.startsWith(`${run}/`));
        // Order is promised for one key; sorting is stable.
        expect(ofRun.toSorted(byName)).toStrictEqual(model.changes.toSorted(byName));
      }),
      { numRuns: runs },
    );
  });
}

function ownIndexes(write: TableWrite, own: (key: TableKey) => TableKey) {
  if (write.kind !== 'put' || write.indexes === undefined) return {};
  const entries = Object.entries(write.indexes).map(([index, key]) => [index, own(key)] as const);
  return { indexes: Object.fromEntries(entries) };
}

function nameOf(key: TableKey): string {
  return `${key.partition}/${key.sort}`;
}

function byName(a: { readonly key: TableKey }, b: { readonly key: TableKey }): number {
  return Buffer.compare(Buffer.from(nameOf(a.key)), Buffer.from(nameOf(b.key)));
}

function bySort(a: TableRecord, b: TableRecord): number {
  return Buffer.compare(Buffer.from(a.key.sort), Buffer.from(b.key.sort));
}

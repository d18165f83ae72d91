import type {
  Table,
  TableIndex,
  TableKey,
  TablePage,
  TableQuery,
  TableRecord,
  TableWrite,
} from '../../core/ports/table.ts';
import { ConditionFailed, tableIndexes } from '../../core/ports/table.ts';
import { recordBytes } from '../../core/ports/table-limits.ts';
import { recordAfter } from '../../core/ports/table-writes.ts';

/** DynamoDB's units: a read unit is 4 KB read consistently, a write unit 1 KB written. */
export interface TableUnits {
  reads: number;
  writes: number;
  calls: number;
}

/**
 * A table that counts what its calls would cost on DynamoDB, by whoever makes them (developer guide, "Capacity unit
 * consumption"): sizes are rounded up to 4 KB and 1 KB; a query adds up first and rounds then, and costs half on an
 * index; each write of a transaction costs twice, whether or not a condition fails; a write alone that
 * adapters/dynamodb sends without a transaction costs once; an index that the record is in, or leaves, is written too.
 */
export class CountingTable {
  readonly #table: Table;
  readonly units = new Map<string, TableUnits>();

  constructor(table: Table) {
    this.#table = table;
  }

  /** The table for one caller. */
  of(caller: string): Table {
    const units = this.units.get(caller) ?? { reads: 0, writes: 0, calls: 0 };
    this.units.set(caller, units);
    return {
      get: async (key) => {
        const record = await this.#table.get(key);
        units.calls += 1;
        units.reads += readUnits(record === undefined ? 0 : recordBytes(record));
        return record;
      },
      query: async (query) => {
        const page = await this.#table.query(query);
        units.calls += 1;
        units.reads += queryUnits(query, page);
        return page;
      },
      transact: async (writes) => {
        const before = await Promise.all(writes.map((write) => this.#table.get(write.key)));
        units.calls += 1;
        const factor = isAlone(writes) ? 1 : 2;
        const own = writes.reduce((sum, write, position) => sum + tableUnits(write, before[position]), 0);
        const indexes = writes.reduce((sum, write, position) => sum + indexUnits(write, before[position]), 0);
        try {
          await this.#table.transact(writes);
          units.writes += factor * own + indexes;
        } catch (error) {
          if (error instanceof ConditionFailed) units.writes += factor * own;
          throw error;
        }
      },
    };
  }

  /** Sum of all callers. */
  total(): TableUnits {
    const total = { reads: 0, writes: 0, calls: 0 };
    for (const { reads, writes, calls } of this.units.values()) {
      total.reads += reads;
      total.writes += writes;
      total.calls += calls;
    }
    return total;
  }
}

function readUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 4_096));
}

function queryUnits(query: TableQuery, page: TablePage): number {
  const bytes = page.records.reduce((sum, record) => sum + recordBytes(record), 0);
  // Where more follow, the adapter has read one more than it answers.
  const read = page.cursor === undefined ? bytes : bytes * (1 + 1 / page.records.length);
  return query.index === undefined ? readUnits(read) : readUnits(read) / 2;
}

/** As adapters/dynamodb decides: a put or delete without a condition needs no transaction. */
function isAlone(writes: readonly TableWrite[]): boolean {
  const [only] = writes;
  if (writes.length !== 1 || only === undefined) return false;
  return (only.kind === 'put' || only.kind === 'delete') && only.condition === undefined;
}

/** The larger of the record before and after. */
function tableUnits(write: TableWrite, before: TableRecord | undefined): number {
  const sizes = [before, recordAfter(write, before)].map((record) => (record === undefined ? 0 : recordBytes(record)));
  return writeUnits(Math.max(...sizes));
}

function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1_024));
}

/** An index whose key changes is deleted from and written to. */
function indexUnits(write: TableWrite, before: TableRecord | undefined): number {
  const after = recordAfter(write, before);
  if (after === before) return 0;
  return tableIndexes.reduce((sum, index) => {
    const [old, next] = [placeIn(index, before), placeIn(index, after)];
    if (old !== undefined && next !== undefined && isSame(old.key, next.key)) return sum + writeUnits(next.bytes);
    return sum + [old, next].reduce((both, place) => both + (place === undefined ? 0 : writeUnits(place.bytes)), 0);
  }, 0);
}

function placeIn(index: TableIndex, record: TableRecord | undefined): { key: TableKey; bytes: number } | undefined {
  const key = record?.indexes[index];
  return record === undefined || key === undefined ? undefined : { key, bytes: recordBytes(record) };
}

function isSame(a: TableKey, b: TableKey): boolean {
  return a.partition === b.partition && a.sort === b.sort;
}

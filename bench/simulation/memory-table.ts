import {
  ConditionFailed,
  type Table,
  type TableIndex,
  type TablePage,
  type TableQuery,
  type TableRecord,
  type TableWrite,
  tableIndexes,
} from '../../core/ports/table.ts';
import { mayWrite, recordAfter } from '../../core/ports/table-writes.ts';

/** Records of one partition by sort key; sorted when somebody asks for them in order. */
class Partition {
  readonly #records = new Map<string, TableRecord>();
  #order: string[] | undefined;

  get(sort: string): TableRecord | undefined {
    return this.#records.get(sort);
  }

  set(sort: string, record: TableRecord): void {
    if (!this.#records.has(sort)) this.#order = undefined;
    this.#records.set(sort, record);
  }

  delete(sort: string): void {
    if (this.#records.delete(sort)) this.#order = undefined;
  }

  /** A page after a sort key. In UTF-16 order, which is that of UTF-8 for the ASCII that simulations have. */
  page({ sortPrefix = '', descending = false, limit, cursor }: TableQuery): TablePage {
    this.#order ??= [...this.#records.keys()].sort();
    const sorts = descending ? this.#order.toReversed() : this.#order;
    const begin = firstWhere(sorts, (sort) => {
      if (cursor !== undefined) return descending ? sort < cursor : sort > cursor;
      return descending ? sort < sortPrefix || sort.startsWith(sortPrefix) : sort >= sortPrefix;
    });
    const found: string[] = [];
    for (let at = begin; at < sorts.length && found.length <= limit; at += 1) {
      const sort = sorts[at];
      if (sort === undefined || !sort.startsWith(sortPrefix)) break;
      found.push(sort);
    }
    const records = found.slice(0, limit).flatMap((sort) => this.#records.get(sort) ?? []);
    const last = found[limit - 1];
    return found.length > limit && last !== undefined ? { records, cursor: last } : { records };
  }
}

/** The first position of a sorted list from which on something holds. */
function firstWhere(sorts: readonly string[], holds: (sort: string) => boolean): number {
  let [low, high] = [0, sorts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorts[middle] ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * A table in memory by the rules of core/ports/table-writes.ts, for runs of millions of transactions: nothing is checked
 * for size, kept, streamed or expired, and indexes never lag.
 */
export class MemoryTable implements Table {
  readonly #records = new Map<string, Partition>();
  readonly #indexes: Readonly<Record<TableIndex, Map<string, Partition>>> = { byTenant: new Map(), byState: new Map() };
  readonly #forgets: (partition: string) => boolean;

  /** @param forgets partitions of which nothing is kept, since nobody reads them */
  constructor(forgets: (partition: string) => boolean = () => false) {
    this.#forgets = forgets;
  }

  async get({ partition, sort }: TableRecord['key']): Promise<TableRecord | undefined> {
    return this.#records.get(partition)?.get(sort);
  }

  async query(query: TableQuery): Promise<TablePage> {
    const partitions = query.index === undefined ? this.#records : this.#indexes[query.index];
    return partitions.get(query.partition)?.page(query) ?? { records: [] };
  }

  async transact(writes: readonly TableWrite[]): Promise<void> {
    const stored = writes.map(({ key }) => this.#records.get(key.partition)?.get(key.sort));
    if (new Set(writes.map(({ key }) => `${key.partition}\n${key.sort}`)).size < writes.length) {
      throw new Error('a transaction writes a record once');
    }
    const failed = writes.flatMap((write, position) => (mayWrite(write, stored[position]) ? [] : [position]));
    if (failed.length > 0) throw new ConditionFailed(failed);
    for (const [position, write] of writes.entries())
      this.#apply(stored[position], recordAfter(write, stored[position]));
  }

  #apply(before: TableRecord | undefined, after: TableRecord | undefined): void {
    const key = after?.key ?? before?.key;
    if (key === undefined || before === after || this.#forgets(key.partition)) return;
    put(this.#records, key, after);
    for (const index of tableIndexes) {
      const [was, is] = [before?.indexes[index], after?.indexes[index]];
      // Records of one index key stand side by side: the record's own key tells them apart.
      const place = (at: TableRecord['key']) => ({ ...at, sort: `${at.sort}\u0000${key.partition}\u0000${key.sort}` });
      if (was !== undefined) put(this.#indexes[index], place(was), undefined);
      if (is !== undefined) put(this.#indexes[index], place(is), after);
    }
  }
}

function put(
  partitions: Map<string, Partition>,
  { partition, sort }: TableRecord['key'],
  record: TableRecord | undefined,
): void {
  const found = partitions.get(partition) ?? new Partition();
  partitions.set(partition, found);
  if (record === undefined) found.delete(sort);
  else found.set(sort, record);
}

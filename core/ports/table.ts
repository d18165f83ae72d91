import type { JsonObject } from '../digest.ts';

/** Primary key of a record. Both parts are 1 to 1,024 bytes of UTF-8 without control characters. */
export interface TableKey {
  readonly partition: string;
  readonly sort: string;
}

/** The table's secondary indexes. Each is sparse: a record is in an index only where it has that index's key. */
export const tableIndexes = ['byTenant', 'byState'] as const;
export type TableIndex = (typeof tableIndexes)[number];

/** A stored record. At most 400 KB with its key (DynamoDB's limit, kept by every adapter). */
export interface TableRecord {
  readonly key: TableKey;
  /** 1 when created; every put and increment of the record adds one. */
  readonly version: number;
  readonly data: JsonObject;
  /** Integers that change only by `increment` once the record is there. */
  readonly counters: Readonly<Record<string, number>>;
  readonly indexes: Readonly<Partial<Record<TableIndex, TableKey>>>;
  /** Epoch seconds after which the record may vanish. Readers check it themselves: deletion is late. */
  readonly expiresAt?: number;
}

/** What must hold for a write to take place. */
export type TableCondition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'version'; readonly version: number };

/**
 * One write of a transaction.
 * - put: replaces data, indexes and expiresAt; `counters` are taken only when the record is created by this put.
 * - delete: removes the record; without a condition a missing record is no error.
 * - check: writes nothing; the transaction fails unless the condition holds.
 * - increment: adds `by` (an integer, may be negative) to a counter of an existing record, or of a new one with
 *   `data: {}` where the record is absent and `condition` is not set; fails where the result would leave min..max.
 */
export type TableWrite =
  | {
      readonly kind: 'put';
      readonly key: TableKey;
      readonly data: JsonObject;
      readonly counters?: Readonly<Record<string, number>>;
      readonly indexes?: Readonly<Partial<Record<TableIndex, TableKey>>>;
      readonly expiresAt?: number;
      readonly condition?: TableCondition;
    }
  | { readonly kind: 'delete'; readonly key: TableKey; readonly condition?: TableCondition }
  | { readonly kind: 'check'; readonly key: TableKey; readonly condition: TableCondition }
  | {
      readonly kind: 'increment';
      readonly key: TableKey;
      readonly counter: string;
      readonly by: number;
      readonly min?: number;
      readonly max?: number;
      readonly condition?: TableCondition;
    };

/** A query of one partition, of the table itself or of an index, in sort order (bytes of UTF-8). */
export interface TableQuery {
  readonly index?: TableIndex;
  readonly partition: string;
  /** Only sort keys that begin so. */
  readonly sortPrefix?: string;
  readonly descending?: boolean;
  /** 1 to 1,000 records. */
  readonly limit: number;
  /** As an earlier page of the same query gave it; opaque to callers. */
  readonly cursor?: string;
}

export interface TablePage {
  readonly records: readonly TableRecord[];
  /** Present where more records may follow. */
  readonly cursor?: string;
}

/** One record's change, in the order of the commits for one key. */
export interface TableChange {
  readonly key: TableKey;
  readonly before?: TableRecord;
  readonly after?: TableRecord;
}

/** A transaction's condition did not hold: nothing was written. `failed` are positions in the list of writes. */
export class ConditionFailed extends Error {
  readonly failed: readonly number[];
  constructor(failed: readonly number[]) {
    super(`condition failed at ${failed.join(', ')}`);
    this.name = 'ConditionFailed';
    this.failed = failed;
  }
}

/**
 * The table: everything that is stored and is not a blob. Reads are strongly consistent on the table itself and may
 * lag on an index (DynamoDB's rule, so nothing may rely on more).
 * A transaction holds 1 to 100 writes, no two on one key, and is all or nothing; adapters retry throttles and
 * transaction conflicts themselves and throw EngineError `service.unavailable` when that does not help.
 */
export interface Table {
  get(key: TableKey): Promise<TableRecord | undefined>;
  query(query: TableQuery): Promise<TablePage>;
  /** @throws ConditionFailed where a condition or a counter's bound does not hold. */
  transact(writes: readonly TableWrite[]): Promise<void>;
}

/** The table's stream. `position` is opaque; undefined reads from the oldest change that is kept. */
export interface TableChangeFeed {
  read(position: string | undefined, limit: number): Promise<{ changes: readonly TableChange[]; position: string }>;
}

/** Makes writes in one transaction; false where a condition did not hold, and nothing was written. */
export async function wrote(table: Pick<Table, 'transact'>, writes: readonly TableWrite[]): Promise<boolean> {
  try {
    await table.transact(writes);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}

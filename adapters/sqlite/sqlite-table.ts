import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { EngineError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import {
  ConditionFailed,
  type Table,
  type TableChange,
  type TableChangeFeed,
  type TableKey,
  type TablePage,
  type TableQuery,
  type TableRecord,
  type TableWrite,
} from '../../core/ports/table.ts';
import { checkReadKey, checkWrites, recordBytes, recordTooLarge, tableLimits } from '../../core/ports/table-limits.ts';
import { mayWrite, recordAfter } from '../../core/ports/table-writes.ts';
import { openDatabaseFile } from './database-file.ts';
import { RecordQuery } from './record-query.ts';
import { bodyOf, bytesOf, changeOf, recordOf } from './record-row.ts';

/** The table in one file of this machine. */
export interface SqliteTable extends Table, TableChangeFeed {
  /** Calls the listener after each commit of this process that changed a record; answers what ends that. */
  onCommit(listener: () => void): () => void;
  /** Forgets the changes up to and with a position that `read` gave: they are published. */
  trim(position: string): void;
  close(): void;
}

/** Changes are kept as long as DynamoDB's stream keeps them: 24 hours. */
const changeMilliseconds = 24 * 60 * 60 * 1000;
/** Old changes and expired records are removed at opening and after so many transactions, so many at a time. */
const transactionsBetweenSweeps = 1000;
const expiredAtOnce = 100;
const changesAtOnce = 10_000;
/** Transactions that share one commit, so that the thread is not held for long. */
const transactionsAtOnce = 64;

/** A transaction that waits for its turn. */
interface Pending {
  readonly writes: readonly TableWrite[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens the table's file (see openDatabaseFile), whose records and change feed are one SQLite database. Transactions
 * that were asked for at the same time are carried out one after the other, each in a savepoint, and share one commit:
 * waiting for the disk (milliseconds) is what a commit costs. None is answered before that.
 *
 * @param options.file path in an existing folder, or `:memory:`
 * @throws EngineError configuration.invalid; its methods throw service.unavailable where the file cannot be written.
 */
export function openSqliteTable(options: { readonly file: string; readonly clock: Clock }): SqliteTable {
  return new OpenTable(openDatabaseFile(options.file), options.clock);
}

class OpenTable implements SqliteTable {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #query: RecordQuery;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #addChange: StatementSync;
  readonly #changes: StatementSync;
  readonly #listeners = new Set<() => void>();
  readonly #pending: Pending[] = [];
  #transactions = 0;

  constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#query = new RecordQuery(database);
    this.#select = database.prepare('SELECT partition, sort, body FROM record WHERE partition = ? AND sort = ?');
    this.#upsert = database.prepare('INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM record WHERE partition = ? AND sort = ?');
    this.#addChange = database.prepare(
      'INSERT INTO change (partition, sort, before, after, committed_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#changes = database.prepare(
      'SELECT position, partition, sort, before, after FROM change WHERE position > ? ORDER BY position LIMIT ?',
    );
    this.#guard(() => this.#sweep());
  }

  async get(key: TableKey): Promise<TableRecord | undefined> {
    checkReadKey(key);
    return this.#guard(() => this.#stored(key));
  }

  async query(query: TableQuery): Promise<TablePage> {
    return this.#guard(() => this.#query.page(query));
  }

  async transact(writes: readonly TableWrite[]): Promise<void> {
    checkWrites(writes);
    await new Promise<void>((resolve, reject) => {
      this.#pending.push({ writes, resolve, reject });
      // After the events that are ready now, some of which ask for transactions too.
      if (this.#pending.length === 1) setImmediate(() => this.#commitPending());
    });
  }

  async read(
    position: string | undefined,
    limit: number,
  ): Promise<{ changes: readonly TableChange[]; position: string }> {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`a feed's limit is at least 1, not ${limit}`);
    let last = positionOf(position);
    const changes: TableChange[] = [];
    let bytes = 0;
    return this.#guard(() => {
      for (const row of this.#changes.iterate(last, limit)) {
        const entry = changeOf(row);
        changes.push(entry.change);
        last = entry.position;
        bytes += entry.bytes;
        if (bytes >= tableLimits.pageBytes) break;
      }
      return { changes, position: String(last) };
    });
  }

  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  trim(position: string): void {
    this.#guard(() => this.#database.prepare('DELETE FROM change WHERE position <= ?').run(positionOf(position)));
  }

  close(): void {
    while (this.#pending.length > 0) this.#commitPending();
    this.#listeners.clear();
    this.#database.close();
  }

  #stored(key: TableKey): TableRecord | undefined {
    const row = this.#select.get(bytesOf(key.partition), bytesOf(key.sort));
    return row === undefined ? undefined : recordOf(row);
  }

  #commitPending(): void {
    const group = this.#pending.splice(0, transactionsAtOnce);
    if (group.length === 0) return;
    if (this.#pending.length > 0) setImmediate(() => this.#commitPending());
    const failures = new Map<Pending, unknown>();
    try {
      this.#guard(() => {
        const due = Math.floor(this.#transactions / transactionsBetweenSweeps);
        this.#transactions += group.length;
        // Before the writes, so that a sweep that fails never makes committed writes look failed.
        if (Math.floor(this.#transactions / transactionsBetweenSweeps) > due) this.#sweep();
        this.#commit(() => group.map((pending) => this.#attempt(pending, failures)).includes(true));
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const pending of group) {
      if (failures.has(pending)) pending.reject(failures.get(pending));
      else pending.resolve();
    }
  }

  /** One transaction of a group: what it refuses undoes its own writes only; a failure of the file ends the group. */
  #attempt(pending: Pending, failures: Map<Pending, unknown>): boolean {
    this.#database.exec('SAVEPOINT one');
    let changed = false;
    try {
      changed = this.#write(pending.writes);
    } catch (error) {
      if (isFileFailure(error)) throw error;
      this.#database.exec('ROLLBACK TO one');
      failures.set(pending, error);
    }
    this.#database.exec('RELEASE one');
    return changed;
  }

  /** Commits what `work` does; it answers whether it changed a record. */
  #commit(work: () => boolean): void {
    let changed = false;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      changed = work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    // Not inside the transaction's call: what a listener throws is not the writer's failure.
    if (changed) for (const listener of this.#listeners) queueMicrotask(listener);
  }

  /** Answers whether it changed a record. */
  #write(writes: readonly TableWrite[]): boolean {
    const before = writes.map((write) => this.#stored(write.key));
    const failed = writes.flatMap((write, position) => (mayWrite(write, before[position]) ? [] : [position]));
    if (failed.length > 0) throw new ConditionFailed(failed);
    const changes = writes.map((write, position) => this.#apply(write, before[position], `writes[${position}]`));
    return changes.includes(true);
  }

  #apply(write: TableWrite, before: TableRecord | undefined, path: string): boolean {
    const after = recordAfter(write, before);
    if (after === before) return false;
    const key = [bytesOf(write.key.partition), bytesOf(write.key.sort)] as const;
    if (after === undefined) {
      this.#delete.run(...key);
    } else {
      if (recordBytes(after) > tableLimits.recordBytes) throw recordTooLarge(path);
      const { byTenant, byState } = after.indexes;
      const parts = [byTenant?.partition, byTenant?.sort, byState?.partition, byState?.sort];
      const indexes = parts.map((part) => (part === undefined ? null : bytesOf(part)));
      this.#upsert.run(...key, ...indexes, after.expiresAt ?? null, bodyOf(after));
    }
    const images = [before, after].map((record) => (record === undefined ? null : bodyOf(record)));
    this.#addChange.run(...key, ...images, this.#clock.now().getTime());
    return true;
  }

  /** Removes what is old. It looks first, so that it takes the file's lock only where there is something to remove. */
  #sweep(): void {
    const now = this.#clock.now().getTime();
    const old = now - changeMilliseconds;
    const oldest = this.#database.prepare('SELECT committed_at FROM change ORDER BY position LIMIT 1').get();
    if (Number(oldest?.committed_at ?? now) < old) {
      this.#database
        .prepare(
          `DELETE FROM change WHERE committed_at < ?
           AND position IN (SELECT position FROM change ORDER BY position LIMIT ${changesAtOnce})`,
        )
        .run(old);
    }
    const expired = this.#database.prepare(
      `SELECT partition, sort, body FROM record WHERE expires_at < ? LIMIT ${expiredAtOnce}`,
    );
    const seconds = Math.floor(now / 1000);
    if (expired.get(seconds) === undefined) return;
    this.#commit(() => this.#write(expired.all(seconds).map((row) => ({ kind: 'delete', key: recordOf(row).key }))));
  }

  /** What SQLite itself refuses (a full disk, a file that another process holds) is the engine's service.unavailable. */
  #guard<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (isFileFailure(error)) {
        throw new EngineError('service.unavailable', `the table's file: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }
}

/** Errors of SQLite itself carry its result code. */
function isFileFailure(error: unknown): error is Error {
  return error instanceof Error && 'errcode' in error;
}

function positionOf(position: string | undefined): number {
  if (position === undefined) return 0;
  if (!/^\d{1,15}$/.test(position)) throw new EngineError('cursor.invalid', 'the position is not one of this feed');
  return Number(position);
}

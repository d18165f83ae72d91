import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { z } from 'zod';
import { openSqlite } from '../../adapters/sqlite/open-sqlite.ts';

const schema = `
CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS objects (
  bucket TEXT NOT NULL, key TEXT NOT NULL, body INTEGER NOT NULL REFERENCES bodies, etag TEXT NOT NULL,
  headers TEXT NOT NULL, checksum TEXT, modifiedAt INTEGER NOT NULL,
  PRIMARY KEY (bucket, key)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS objectsByBody ON objects (body);
CREATE TABLE IF NOT EXISTS uploads (
  id INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL, headers TEXT NOT NULL,
  algorithm TEXT, startedAt INTEGER NOT NULL) STRICT;
DROP TABLE IF EXISTS parts;
CREATE TABLE IF NOT EXISTS uploadParts (
  upload INTEGER NOT NULL REFERENCES uploads ON DELETE CASCADE, number INTEGER NOT NULL,
  body INTEGER NOT NULL REFERENCES bodies, start INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  checksum TEXT, PRIMARY KEY (upload, number)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploadPartsByBody ON uploadParts (body);
`;

/**
 * The store's index in SQLite: an object is there when its row is, so a write is whole or absent and `If-None-Match`
 * is one INSERT. A commit outlives the process at once, and a power cut once the settler has synced the write-ahead log,
 * which it does behind the answers (synchronous NORMAL). One process holds the file at a time.
 */
export class Database {
  /** The write-ahead log: what was committed lies in it. */
  readonly logPath: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @throws Error where another server holds the file */
  constructor(path: string) {
    this.logPath = `${path}-wal`;
    const prepare = (database: DatabaseSync) => database.exec(schema);
    try {
      this.#database = openSqlite(path, { synchronous: 'NORMAL', exclusive: true, prepare });
    } catch (error) {
      throw new Error(`The S3 store ${path} cannot be opened: another server may hold it.`, { cause: error });
    }
  }

  /** Runs a statement; the number of rows that it changed and the id that it gave. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; id: number } {
    const { changes, lastInsertRowid } = this.#prepare(sql).run(...values);
    return { changes: Number(changes), id: Number(lastInsertRowid) };
  }

  /** The rows of a query, each read by `row`. */
  all<Row>(row: z.ZodType<Row>, sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql)
      .all(...values)
      .map((value) => row.parse(value));
  }

  /** All of `work` or nothing: it is synchronous, so nothing else of this process comes between. */
  transact<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

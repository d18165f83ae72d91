import type { DatabaseSync } from 'node:sqlite';
import { EngineError } from '../../core/errors.ts';
import { openSqlite } from './open-sqlite.ts';

/** Version of the tables below, kept in the file (`PRAGMA user_version`). A change adds a migration and raises it. */
const schemaVersion = 1;

/**
 * `record`: one row a record; keys are BLOBs of UTF-8, which SQLite compares byte by byte as DynamoDB does; `body` is
 * the JSON of all but the key, and the index columns repeat what `body.indexes` says. `change`: the stream, written in
 * the transaction of the change; AUTOINCREMENT, so that a position is never given twice, also after trimming.
 */
const createSchema = `
  CREATE TABLE record (
    partition BLOB NOT NULL,
    sort BLOB NOT NULL,
    by_tenant_partition BLOB,
    by_tenant_sort BLOB,
    by_state_partition BLOB,
    by_state_sort BLOB,
    expires_at INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (partition, sort)
  ) STRICT;
  CREATE INDEX record_by_tenant ON record (by_tenant_partition, by_tenant_sort, partition, sort)
    WHERE by_tenant_partition IS NOT NULL;
  CREATE INDEX record_by_state ON record (by_state_partition, by_state_sort, partition, sort)
    WHERE by_state_partition IS NOT NULL;
  CREATE INDEX record_by_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE change (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    partition BLOB NOT NULL,
    sort BLOB NOT NULL,
    before TEXT,
    after TEXT,
    committed_at INTEGER NOT NULL
  ) STRICT;
`;

/** How long a write waits, and this process with it, for another process that writes the same file. */
const busyMilliseconds = 2000;

/**
 * Opens the table's file, creates it (mode 0600: it holds every tenant's records) where it is absent, and brings its
 * schema up to date. Write-ahead log with synchronous=FULL: a transaction that was acknowledged survives a loss of
 * power.
 *
 * @param file path of the file in an existing folder, or `:memory:` for a table that ends with the process.
 * @throws EngineError configuration.invalid where the file is no table of ours, or was written by a newer engine.
 */
export function openDatabaseFile(file: string): DatabaseSync {
  try {
    return openSqlite(file, {
      ...{ synchronous: 'FULL', exclusive: false, busyMilliseconds },
      prepare: (database) => {
        // Read first: opening a file that is up to date waits for no writer.
        if (integerOf(database, 'PRAGMA user_version') !== schemaVersion) migrate(database, file);
      },
    });
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('configuration.invalid', `the table's file ${file} cannot be opened: ${reason}`, {
      cause: error,
    });
  }
}

function migrate(database: DatabaseSync, file: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = integerOf(database, 'PRAGMA user_version');
    if (version > schemaVersion) {
      throw new EngineError(
        'configuration.invalid',
        `the table's file ${file} has schema version ${version}, and this engine knows ${schemaVersion}: it was written by a newer engine`,
      );
    }
    if (version === 0) {
      if (integerOf(database, 'SELECT count(*) FROM sqlite_schema') > 0) {
        throw new EngineError('configuration.invalid', `the file ${file} is a database of another program`);
      }
      database.exec(createSchema);
      database.exec(`PRAGMA user_version = ${schemaVersion}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function integerOf(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0]);
}

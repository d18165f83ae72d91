import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface SqliteOptions {
  /** FULL: a transaction that was committed is on the disk. NORMAL: it is once somebody syncs the write-ahead log. */
  readonly synchronous: 'FULL' | 'NORMAL';
  /** Held by this process alone as long as it is open, however the process ends. Else several may write in turn. */
  readonly exclusive: boolean;
  /** How long a write waits, and this process with it, for another process that writes the same file; 0 unless given. */
  readonly busyMilliseconds?: number;
  /** Makes the tables, or brings them up to date. */
  readonly prepare: (database: DatabaseSync) => void;
}

/**
 * Opens a SQLite file with a write-ahead log, and creates it where it is absent, mode 0600: what this engine stores is
 * nobody else's. It is closed again where its tables cannot be made.
 * @param file path of the file in an existing folder, or `:memory:`
 * @throws Error of the file system or of SQLite: who opens it says what the file is
 */
export function openSqlite(file: string, options: SqliteOptions): DatabaseSync {
  const { synchronous, exclusive, busyMilliseconds = 0, prepare } = options;
  if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: busyMilliseconds });
  try {
    database.exec(
      `PRAGMA locking_mode = ${exclusive ? 'EXCLUSIVE' : 'NORMAL'};
       PRAGMA journal_mode = WAL;
       PRAGMA synchronous = ${synchronous};`,
    );
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

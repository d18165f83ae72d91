import type { DatabaseSync } from 'node:sqlite';
import { openSqlite } from '../../adapters/sqlite/open-sqlite.ts';
import { EngineError } from '../../core/errors.ts';

/**
 * Opens a SQLite file for one engine alone, mode 0600: it holds presigned URLs and task tokens. What was committed is on
 * the disk (write-ahead log, synchronous=FULL); the exclusive lock goes with the process, however that ends.
 * @param file path in an existing folder, or `:memory:`.
 * @param layout statements that create its tables where they are absent.
 * @throws EngineError configuration.invalid where another engine holds the file, or it is no database.
 */
export function openDurableDatabase(file: string, layout: string): DatabaseSync {
  try {
    const prepare = (database: DatabaseSync) => database.exec(layout);
    return openSqlite(file, { synchronous: 'FULL', exclusive: true, prepare });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new EngineError('configuration.invalid', `the file ${file} cannot be opened: ${reason}`, {
      fields: [
        {
          path: 'file',
          code: 'file.unusable',
          reason,
          remedy: 'Stop the other engine of this folder, or use another.',
        },
      ],
      cause: thrown,
    });
  }
}

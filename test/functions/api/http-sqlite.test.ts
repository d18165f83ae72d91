import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { httpSuite } from './http-suite.ts';

httpSuite('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lbuild-http-'));
  const table = openSqliteTable({ file: path.join(folder, 'table.db'), clock: createSystemClock() });
  return {
    table,
    close: async () => {
      table.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

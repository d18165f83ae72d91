import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { EngineError } from '../../../core/errors.ts';
import type { TableWrite } from '../../../core/ports/table.ts';

/*
 * A process that writes to a table's file, for tests that kill it or run several. Arguments: FILE NAME COUNT. Commits
 * COUNT transactions (a record of its own and the shared counter) and prints each one's number when it is acknowledged.
 */
const [file, name, count] = process.argv.slice(2);
if (file === undefined || name === undefined || count === undefined)
  throw new Error('usage: sqlite-writer FILE NAME COUNT');
const table = openSqliteTable({ file, clock: createSystemClock() });
for (let number = 1; number <= Number(count); number += 1) {
  await untilWritten([
    { kind: 'put', key: { partition: name, sort: String(number) }, data: { number }, condition: { kind: 'absent' } },
    { kind: 'increment', key: { partition: 'shared', sort: 'counter' }, counter: 'n', by: 1 },
  ]);
  process.stdout.write(`${number}\n`);
}
table.close();

/** SQLite's lock is not fair: a writer that it kept out, wrote nothing and may try again. */
async function untilWritten(writes: readonly TableWrite[]): Promise<void> {
  for (;;) {
    try {
      return await table.transact(writes);
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'service.unavailable')) throw error;
    }
  }
}

import type { Table } from '../ports/table.ts';
import { readBook, type StoredBook } from './dispatch-book.ts';
import { type QueueEntry, queuedEntries, runningEntries } from './queue-entry.ts';
import { readShares, type StoredShares } from './share-repository.ts';

/** All that is decided by which builds start: read from the table itself, as it is. */
export interface DispatchState {
  readonly stored: StoredBook;
  readonly queued: readonly QueueEntry[];
  readonly running: readonly QueueEntry[];
  readonly shares: StoredShares;
}

export async function readDispatchState(table: Table): Promise<DispatchState> {
  // The book first: a start that comes after this read makes it fail.
  const stored = await readBook(table);
  const [queued, running] = await Promise.all([queuedEntries(table), runningEntries(table)]);
  return { stored, queued, running, shares: await readShares(table, stored.book.time, queued) };
}

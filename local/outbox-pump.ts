import { outboxEvents, overdueEvents, publishEvents } from '../core/events/outbox.ts';
import type { EventBus } from '../core/ports/event-bus.ts';
import type { Table, TableChangeFeed } from '../core/ports/table.ts';

/** Changes read at once. */
const batch = 100;

/** Published changes that may stay in the feed: each removal waits for the disk, for which everything else waits too. */
const untrimmed = 1_000;

/**
 * Publishes the outbox as the table's stream does on AWS: right after each commit, in order, one batch at a time.
 * What an earlier process left behind is published first.
 */
export async function startOutboxPump(options: {
  table: Table & TableChangeFeed;
  onCommit: (listener: () => void) => () => void;
  bus: EventBus;
  trim: (position: string) => void;
  onError: (error: unknown) => void;
}): Promise<{ stop(): Promise<void> }> {
  const { table, bus, trim, onError } = options;
  // The outbox itself says what is unpublished; of the changes so far it says everything.
  let position = await endOfFeed(table);
  trim(position);
  let published = 0;
  const trimPublished = (): void => {
    trim(position);
    published = 0;
  };
  let running: Promise<void> | undefined;
  let again = false;
  let leftovers = true;

  const drain = async (): Promise<void> => {
    if (leftovers) {
      await publishEvents({ table, bus }, await overdueEvents(table, new Date(8.64e15)));
      leftovers = false;
    }
    do {
      again = false;
      for (;;) {
        const page = await table.read(position, batch);
        if (page.changes.length > 0) await publishEvents({ table, bus }, outboxEvents(page.changes));
        position = page.position;
        published += page.changes.length;
        if (published >= untrimmed) trimPublished();
        if (page.changes.length < batch) break;
      }
    } while (again);
  };
  const kick = (): void => {
    again = true;
    // A failure leaves the events in the outbox: the next commit, or the sweep, takes them up.
    running ??= drain()
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  };
  const unsubscribe = options.onCommit(kick);
  kick();
  return {
    stop: async () => {
      unsubscribe();
      await running;
      trimPublished();
    },
  };
}

/** The position after the newest change. */
async function endOfFeed(table: TableChangeFeed): Promise<string> {
  let position: string | undefined;
  for (;;) {
    const page = await table.read(position, 1_000);
    position = page.position;
    if (page.changes.length < 1_000) return position;
  }
}

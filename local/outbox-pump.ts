import { outboxEvents, overdueEvents, publishEvents } from '../core/events/outbox.ts';
import type { EventBus } from '../core/ports/event-bus.ts';
import type { Table, TableChangeFeed } from '../core/ports/table.ts';

/** Changes read at once. */
const batch = 100;

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
  await publishEvents({ table, bus }, await overdueEvents(table, new Date(8.64e15)));
  let position: string | undefined;
  let running: Promise<void> | undefined;
  let again = false;

  const drain = async (): Promise<void> => {
    do {
      again = false;
      for (;;) {
        const page = await table.read(position, batch);
        if (page.changes.length > 0) await publishEvents({ table, bus }, outboxEvents(page.changes));
        position = page.position;
        trim(position);
        if (page.changes.length < batch) break;
      }
    } while (again);
  };
  const kick = (): void => {
    if (running !== undefined) {
      again = true;
      return;
    }
    // A failure leaves the events in the outbox: the next commit, or the sweep, takes them up.
    running = drain()
      .catch(onError)
      .finally(() => {
        running = undefined;
        if (again) kick();
      });
  };
  const unsubscribe = options.onCommit(kick);
  kick();
  return {
    stop: async () => {
      unsubscribe();
      await running;
    },
  };
}

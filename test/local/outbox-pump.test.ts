import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { createIds } from '../../adapters/system/ids.ts';
import type { EngineEvent } from '../../core/events/event.ts';
import { outboxWrite, overdueEvents } from '../../core/events/outbox.ts';
import type { EventBus } from '../../core/ports/event-bus.ts';
import { startOutboxPump } from '../../local/outbox-pump.ts';

const clock = createSystemClock();
const ids = createIds(clock);
const farFuture = new Date(8.64e15);

let folder: string;
let table: SqliteTable;
const pumps: { stop(): Promise<void> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbuild-pump-'));
  table = openSqliteTable({ file: join(folder, 'table.db'), clock });
});
afterEach(async () => {
  for (const pump of pumps.splice(0)) await pump.stop();
  table.close();
  rmSync(folder, { recursive: true });
});

/** A bus that notes what it accepts, and does what a test says beside. */
function createBus(accept: (events: readonly EngineEvent[]) => readonly EngineEvent[] = (events) => events) {
  const published: EngineEvent[] = [];
  const bus: EventBus = {
    publish: async (events) => {
      const accepted = accept(events);
      published.push(...accepted);
      return accepted.map((event) => event.id);
    },
  };
  const numbers = () => published.map((event) => Number(event.detail.buildId));
  return { bus, published, numbers };
}

async function start(bus: EventBus): Promise<{ errors: unknown[] }> {
  const errors: unknown[] = [];
  pumps.push(
    await startOutboxPump({
      table,
      bus,
      onCommit: (listener) => table.onCommit(listener),
      trim: (position) => table.trim(position),
      onError: (error) => errors.push(error),
    }),
  );
  return { errors };
}

/** A change with its event, in one transaction. */
async function change(number: number): Promise<void> {
  await table.transact([
    { kind: 'put', key: { partition: `THING#${number}`, sort: 'THING' }, data: { number } },
    outboxWrite({ clock, ids }, 'build.submitted', 'ten_x', { buildId: String(number) }),
  ]);
}

const numbersUpTo = (count: number) => Array.from({ length: count }, (_, number) => number);

/** Waits until the outbox is empty. */
async function settled(): Promise<void> {
  await expect
    .poll(async () => (await overdueEvents(table, farFuture)).length, { timeout: 10_000, interval: 10 })
    .toBe(0);
}

describe('outbox pump', () => {
  it('publishes each event once, in the order of the commits, and empties the outbox', async () => {
    const { bus, numbers } = createBus();
    const { errors } = await start(bus);
    for (const number of numbersUpTo(60)) await change(number);
    await settled();
    expect(numbers()).toEqual(numbersUpTo(60));
    expect(errors).toEqual([]);
  });

  it('publishes each event once where many commits come at the same time', async () => {
    const { bus, published, numbers } = createBus();
    await start(bus);
    await Promise.all(numbersUpTo(300).map((number) => change(number)));
    await settled();
    expect(new Set(published.map((event) => event.id)).size).toBe(300);
    expect(numbers().toSorted((a, b) => Number(a) - Number(b))).toEqual(numbersUpTo(300));
  });

  it('publishes nothing for a change without an event, nor for the deletion of one', async () => {
    const { bus, published } = createBus();
    await start(bus);
    await table.transact([{ kind: 'put', key: { partition: 'THING', sort: 'THING' }, data: {} }]);
    await change(1);
    await settled();
    expect(published).toHaveLength(1);
  });

  it('tells of a bus that fails, keeps the events, and publishes them in order with the next commit', async () => {
    let down = true;
    const { bus, numbers } = createBus((events) => {
      if (down) throw new Error('the bus is down');
      return events;
    });
    const { errors } = await start(bus);
    await change(0);
    await change(1);
    await expect.poll(() => errors.length).toBeGreaterThan(0);
    expect(await overdueEvents(table, farFuture)).toHaveLength(2);
    expect(numbers()).toEqual([]);
    down = false;
    await change(2);
    await settled();
    expect(numbers()).toEqual([0, 1, 2]);
  });

  it('leaves what the bus did not accept in the outbox, for the sweep', async () => {
    const { bus, numbers } = createBus((events) => events.filter((event) => event.detail.buildId !== '1'));
    await start(bus);
    for (const number of [0, 1, 2]) await change(number);
    await expect.poll(numbers).toEqual([0, 2]);
    const left = async () => (await overdueEvents(table, farFuture)).map((event) => Number(event.detail.buildId));
    await expect.poll(left).toEqual([1]);
  });

  it('publishes at its start what an earlier process left behind', async () => {
    for (const number of numbersUpTo(5)) await change(number);
    const { bus, published } = createBus();
    await start(bus);
    await settled();
    // At least once: the table's stream may tell again what the outbox still held.
    const seen = [...new Set(published.map((event) => event.id))];
    expect(seen).toHaveLength(5);
    expect(new Set(published.map((event) => Number(event.detail.buildId)))).toEqual(new Set(numbersUpTo(5)));
  });

  it('goes on after a restart with what is new, and tells nothing again that it has trimmed', async () => {
    const first = createBus();
    await start(first.bus);
    await change(0);
    await settled();
    for (const pump of pumps.splice(0)) await pump.stop();
    const second = createBus();
    await start(second.bus);
    await change(1);
    await settled();
    expect(second.numbers()).toEqual([1]);
  });

  it('publishes nothing more once it is stopped', async () => {
    const { bus, numbers } = createBus();
    await start(bus);
    await change(0);
    await settled();
    for (const pump of pumps.splice(0)) await pump.stop();
    await change(1);
    expect(numbers()).toEqual([0]);
    expect(await overdueEvents(table, farFuture)).toHaveLength(1);
  });
});

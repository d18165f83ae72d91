import { afterEach, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { outboxKey } from '../../../core/builds/keys.ts';
import { newEvent, oldestEventAt, outboxOf, overdueEvents } from '../../../core/events/outbox.ts';

const clock = createSystemClock();
const ids = createIds(clock);
const table = openSqliteTable({ file: ':memory:', clock });
afterEach(() => table.close());

it('an event of a later version stays in the outbox, holds up none of the others, and its age is told', async () => {
  const known = newEvent({ clock, ids }, 'work.started', 'ten_1', { buildId: 'bld_1' });
  const at = '2026-01-01T00:00:00.000Z';
  // Ids sort by their time, so that this one is the first of its shard.
  const id = createIds({ ...clock, now: () => new Date(at) }).next('evt');
  const foreign = { ...known, id, type: 'build.dreamt', at };
  await table.transact([
    outboxOf(known),
    { kind: 'put', key: outboxKey(foreign.id), data: { ...foreign, detail: { buildId: 'bld_1' } } },
  ]);
  expect(await overdueEvents(table, new Date(8.64e15))).toEqual([known]);
  expect(await oldestEventAt(table)).toEqual(new Date(foreign.at));
});

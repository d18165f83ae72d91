import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { discardLetter, keepLetter, listLetters, redriveLetter } from '../../../core/dead-letters/repository.ts';
import { EngineError } from '../../../core/errors.ts';
import type { EventEnvelope } from '../../../core/events/envelope.ts';
import { outboxWrite, overdueEvents } from '../../../core/events/outbox.ts';
import { deadLetterKeeper } from '../../../core/wiring/event-rules.ts';
import type { EventFunctionName } from '../../../core/wiring/flow-functions.ts';
import { handle as keepDeadLetters } from '../../../functions/events/keep-dead-letters/keep-dead-letters.ts';
import { deadLetterMessage } from '../../../local/bus/dead-letter-message.ts';
import { createLocalBus } from '../../../local/bus/event-bus.ts';
import { startOutboxPump } from '../../../local/outbox-pump.ts';
import { fastClock } from '../flow/fast-clock.ts';

const actor = { tenantId: 'ten_op', memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };

/** A bus with the outbox before it and the keeper behind it. */
async function open(invoke: (name: EventFunctionName, payload: EventEnvelope) => Promise<void>) {
  const clock = fastClock(2_000);
  const ids = createIds(clock);
  const table = openSqliteTable({ file: ':memory:', clock });
  const ports = { table, clock, ids };
  const bus = createLocalBus({
    ...{ invoke, clock, log: () => undefined },
    deadLetter: async (letter) => void (await keepDeadLetters(ports, deadLetterMessage(letter, ids.next('req')))),
  });
  const pump = await startOutboxPump({
    ...{ table, bus, onError: (error) => console.error(error) },
    onCommit: (listener) => table.onCommit(listener),
    trim: (position) => table.trim(position),
  });
  onTestFinished(async () => {
    await pump.stop();
    await bus.close();
    table.close();
  });
  const letters = async (state: 'open' | 'redriven') => (await listLetters(ports, state, { limit: 10 })).letters;
  const until = async (holds: () => Promise<boolean>) => {
    for (const end = Date.now() + 20_000; !(await holds()); await new Promise((next) => setTimeout(next, 5))) {
      if (Date.now() > end) throw new Error('it does not come to hold');
    }
  };
  return { ports, table, letters, until };
}

describe('work that a function fails at', () => {
  it('is kept when its retries are over, redriven by the outbox, kept again where it fails again, and done at last', async () => {
    const calls: string[] = [];
    let broken = true;
    const { ports, table, letters, until } = await open(async (name, { id }) => {
      calls.push(`${name} ${id}`);
      if (broken && name === 'dispatchBuilds') throw new TypeError('the queue is locked');
    });
    await table.transact([outboxWrite(ports, 'build.queued', 'ten_1', { buildId: 'bld_1' })]);
    await until(async () => (await letters('open')).length === 1);
    const [letter] = await letters('open');
    if (letter === undefined) throw new Error('there is one');
    expect(letter).toMatchObject({
      ...{ source: 'dispatchBuilds', error: 'TypeError: the queue is locked', attempts: 10, redrives: 0 },
      event: { type: 'build.queued', tenantId: 'ten_1', detail: { buildId: 'bld_1' } },
    });

    expect((await redriveLetter(ports, actor, letter.id)).redrives).toBe(1);
    await until(async () => (await letters('open'))[0]?.attempts === 20);
    expect(await letters('redriven')).toEqual([]);
    expect((await letters('open'))[0]).toMatchObject({ id: letter.id, firstAt: letter.firstAt, redrives: 1 });

    broken = false;
    const before = calls.length;
    await redriveLetter(ports, actor, letter.id);
    await until(async () => calls.slice(before).includes(`dispatchBuilds ${letter.event?.id}`));
    expect([await letters('open'), (await letters('redriven')).map(({ redrives }) => redrives)]).toEqual([[], [2]]);
    await discardLetter(ports, actor, letter.id);
    expect(await letters('redriven')).toEqual([]);
    await expect(discardLetter(ports, actor, letter.id)).rejects.toThrow(EngineError);
  });

  it('is one letter a function and event, and counted once a message', async () => {
    const { ports, letters } = await open(async () => undefined);
    const envelope = { 'detail-type': 'x', source: 'nobody', id: 'e', time: '', detail: {} };
    const said = { rule: 'r', target: deadLetterKeeper, envelope, attempts: 2, reason: 'Error: no' } as const;
    for (const id of ['m1', 'm1', 'm2']) await keepDeadLetters(ports, deadLetterMessage(said, id));
    // Nobody can tell whether two messages without an event of the engine are of the same thing.
    const kept = await letters('open');
    expect(kept.map(({ attempts, event }) => [attempts, event])).toEqual([
      [2, undefined],
      [2, undefined],
    ]);
    expect(kept[0]?.text).toContain('nobody');
    await expect(redriveLetter(ports, actor, kept[0]?.id ?? '')).rejects.toThrow('dead_letter.no_event');
  });

  it('of a schedule is not kept: the next run is its retry', async () => {
    const { ports, letters } = await open(async () => undefined);
    const envelope = { 'detail-type': 'Scheduled Event', source: 'aws.events', id: 'e', time: '', detail: {} };
    const message = { requestContext: { functionArn: 'f', approximateInvokeCount: 1 }, requestPayload: envelope };
    expect(
      await keepLetter(ports, { messageId: 'm', body: JSON.stringify(message), messageAttributes: {} }),
    ).toBeUndefined();
    expect([await letters('open'), await overdueEvents(ports.table, new Date(8.64e15))]).toEqual([[], []]);
  });
});

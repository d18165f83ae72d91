import { describe, expect, it, onTestFinished } from 'vitest';
import { readTrigger } from '../../../core/events/envelope.ts';
import { type EngineEvent, type EventType, eventTypes } from '../../../core/events/event.ts';
import { eventRules } from '../../../core/wiring/event-rules.ts';
import { createLocalBus, type DeadLetter, type LocalBus, type LocalBusOptions } from '../../../local/bus/event-bus.ts';
import { sampleDetail } from '../../support/event-sample.ts';
import { fastClock } from '../flow/fast-clock.ts';
import { deferred, temporaryFile } from '../flow/machine.ts';

function event(id: string, type: EventType): EngineEvent {
  return { id, type, version: 1, tenantId: 'ten_1', at: '2026-11-01T10:00:00.000Z', detail: sampleDetail(type) };
}

function openBus(options: Partial<LocalBusOptions>): LocalBus & { letters: DeadLetter[]; logged: string[] } {
  const letters: DeadLetter[] = [];
  const logged: string[] = [];
  const bus = createLocalBus({
    invoke: async () => undefined,
    clock: fastClock(2_000),
    log: (message) => logged.push(message),
    deadLetter: async (letter) => {
      letters.push(letter);
    },
    ...options,
  });
  onTestFinished(() => bus.close());
  return { ...bus, letters, logged };
}

describe('the local event bus', () => {
  it('calls the targets that the rules name for each type, and no other', async () => {
    const calls: string[] = [];
    const bus = openBus({
      invoke: async (name, payload) => {
        const trigger = readTrigger(payload);
        calls.push(`${trigger.kind === 'event' ? trigger.event.type : trigger.kind} ${name}`);
      },
    });
    const events = eventTypes.map((type, index) => event(`evt_${index}`, type));
    expect(await bus.publish(events)).toEqual(events.map(({ id }) => id));
    await bus.idle();
    const expected = eventRules.flatMap(({ types, target }) => types.map((type) => `${type} ${target}`));
    expect(calls.sort()).toEqual(expected.sort());
  });

  it('answers before its targets do', async () => {
    const gate = deferred();
    const bus = openBus({ invoke: () => gate.promise });
    expect(await bus.publish([event('evt_1', 'work.unwanted')])).toEqual(['evt_1']);
    gate.resolve();
    await bus.idle();
  });

  it('delivers again until the target takes it', async () => {
    let calls = 0;
    const bus = openBus({
      invoke: async () => {
        calls += 1;
        if (calls < 4) throw new Error('busy');
      },
    });
    await bus.publish([event('evt_1', 'work.unwanted')]);
    await bus.idle();
    expect(calls).toBe(4);
    expect(bus.logged).toEqual(['A delivery failed', 'A delivery failed', 'A delivery failed']);
    expect(bus.letters).toEqual([]);
  });

  it('hands what no attempt delivered to the dead-letter sink, until the sink takes it', async () => {
    let refusals = 1;
    const letters: DeadLetter[] = [];
    const bus = openBus({
      invoke: async () => {
        throw new RangeError('never');
      },
      deadLetter: async (letter) => {
        if (refusals-- > 0) throw new Error('full');
        letters.push(letter);
      },
    });
    await bus.publish([event('evt_1', 'work.unwanted')]);
    await bus.idle();
    expect(letters).toMatchObject([
      { rule: 'cancel-requested-builds', target: 'cancelBuild', attempts: 11, reason: 'RangeError: never' },
    ]);
    expect(bus.logged.at(-1)).toBe('A delivery was given up');
  });

  it('leaves room for others where one function waits for strangers', async () => {
    const gate = deferred();
    const calls: string[] = [];
    const bus = openBus({
      invoke: async (name) => {
        calls.push(name);
        if (name === 'deliverWebhook') await gate.promise;
      },
    });
    const events = Array.from({ length: 20 }, (_, number) => event(`evt_${number}`, 'build.submitted'));
    await bus.publish(events);
    await expect.poll(() => calls.filter((name) => name === 'planBuild')).toHaveLength(20);
    expect(calls.filter((name) => name === 'deliverWebhook')).toHaveLength(4);
    gate.resolve();
    await bus.idle();
    expect(calls.filter((name) => name === 'deliverWebhook')).toHaveLength(20);
  });

  it('goes on after a restart with what it had accepted', async () => {
    const file = temporaryFile('bus.sqlite');
    const tried = deferred();
    const first = openBus({
      file,
      clock: fastClock(1),
      invoke: async () => {
        tried.resolve();
        throw new Error('the engine is going down');
      },
    });
    await first.publish([event('evt_1', 'work.unwanted'), event('evt_2', 'work.unwanted')]);
    await tried.promise;
    await first.close();
    await expect(first.publish([event('evt_3', 'work.unwanted')])).rejects.toThrow('closed');

    const delivered: string[] = [];
    const second = openBus({
      file,
      invoke: async (_, payload) => {
        delivered.push(payload.id);
      },
    });
    await second.idle();
    expect(delivered.sort()).toEqual(['evt_1', 'evt_2']);
    await second.close();
    const third = openBus({ file, invoke: () => Promise.reject(new Error('nothing is left')) });
    await third.idle();
    expect(third.logged).toEqual([]);
  });
});

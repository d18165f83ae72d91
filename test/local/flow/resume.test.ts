import { describe, expect, it } from 'vitest';
import { stoppedTaskSchema } from '../../../core/builds/flow-messages.ts';
import type { ExecutionChange } from '../../../core/events/envelope.ts';
import { fastClock } from './fast-clock.ts';
import {
  builderTask,
  deferred,
  functionTask,
  machineText,
  member,
  openMachine,
  temporaryFile,
  tokenTask,
} from './machine.ts';

describe('after a restart', () => {
  it('a token wait goes on with the same token; an answer that came before the resume is kept', async () => {
    for (const sent of ['while it was closed', 'before the resume', 'after the resume']) {
      const file = temporaryFile('flow.sqlite');
      const tokens: string[] = [];
      const asked = [deferred(), deferred()];
      const lambda = async (_: string, payload: Parameters<typeof member>[0]) => {
        tokens.push(String(member(payload, 'token')));
        asked[tokens.length - 1]?.resolve();
        return {};
      };
      const first = openMachine({ A: tokenTask() }, { file, lambda });
      await first.flow.start('x', {});
      await asked[0]?.promise;
      const token = tokens[0] ?? '';
      if (sent === 'while it was closed') expect(await first.flow.sendTaskSuccess(token, sent)).toBe('sent');
      await first.flow.close();

      const second = openMachine({ A: tokenTask() }, { file, lambda });
      if (sent === 'before the resume') expect(await second.flow.sendTaskSuccess(token, sent)).toBe('sent');
      await second.flow.resume();
      if (sent === 'after the resume') {
        await asked[1]?.promise;
        expect(tokens[1]).toBe(token);
        expect(await second.flow.sendTaskSuccess(token, sent)).toBe('sent');
      }
      expect(await second.ended('x')).toMatchObject({ status: 'SUCCEEDED', output: sent });
      expect(await second.flow.sendTaskSuccess(token, 'again')).toBe('gone');
    }
  });

  it('a builder task that ran is lost, as ECS tells of it, and is not started again', async () => {
    const file = temporaryFile('flow.sqlite');
    const started = deferred();
    let starts = 0;
    const runTask = () => {
      starts += 1;
      started.resolve();
      return new Promise<never>(() => undefined);
    };
    const { End: _, ...task } = builderTask();
    const states = {
      A: { ...task, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }], Next: 'B' },
      B: { Type: 'Pass', End: true },
    };
    const first = openMachine(states, { file, runTask });
    await first.flow.start('x', { stage: 's', clientToken: 't' });
    await started.promise;
    await first.flow.close();

    const second = openMachine(states, { file, runTask });
    await second.flow.resume();
    const { output } = await second.ended('x');
    expect(output).toMatchObject({ Error: 'States.TaskFailed' });
    expect(stoppedTaskSchema.parse(JSON.parse(String(member(output ?? null, 'Cause'))))).toMatchObject({
      StopCode: 'TerminationNotice',
      Containers: [{ Name: 'builder' }],
    });
    expect(starts).toBe(1);
  });

  it('a Wait and a retry keep the instants that they were to end at', async () => {
    const retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 100, MaxAttempts: 1 }];
    const table = { wait: { Type: 'Wait', Seconds: 100, End: true }, retry: functionTask({ Retry: retry }) };
    for (const state of Object.values(table)) {
      const file = temporaryFile('flow.sqlite');
      const clock = fastClock(200);
      let calls = 0;
      const waiting = deferred();
      const lambda = async () => {
        calls += 1;
        if (calls === 1) throw new Error('once');
        return {};
      };
      const sleeps: number[] = [];
      const watched = {
        now: clock.now,
        sleep: (milliseconds: number, signal?: AbortSignal) => {
          sleeps.push(milliseconds);
          waiting.resolve();
          return clock.sleep(milliseconds, signal);
        },
      };
      const first = openMachine({ A: state }, { file, clock: watched, lambda });
      const began = clock.now().getTime();
      await first.flow.start('x', {});
      await waiting.promise;
      await first.flow.close();
      await clock.sleep(60_000);

      sleeps.length = 0;
      const second = openMachine({ A: state }, { file, clock: watched, lambda });
      await second.flow.resume();
      expect(await second.ended('x')).toMatchObject({ status: 'SUCCEEDED' });
      expect(clock.now().getTime() - began).toBeGreaterThanOrEqual(100_000);
      // Of the 100 s, 60 had gone by.
      expect(Math.max(0, ...sleeps)).toBeLessThanOrEqual(40_000);
      expect(calls).toBe(state.Type === 'Wait' ? 0 : 2);
    }
  });

  it('a function is called again; iterations that had ended are not', async () => {
    const file = temporaryFile('flow.sqlite');
    const calls: string[] = [];
    const second = deferred();
    const states = {
      M: {
        Type: 'Map',
        Items: ['a', 'b', 'c'],
        MaxConcurrency: 1,
        ItemProcessor: { StartAt: 'A', States: { A: functionTask({ Output: '{% $states.result.Payload %}' }) } },
        End: true,
      },
    };
    const before = openMachine(states, {
      file,
      lambda: async (_, payload) => {
        calls.push(`before ${payload}`);
        if (payload === 'a') return 'A';
        second.resolve();
        return new Promise<never>(() => undefined);
      },
      clock: fastClock(1_000),
    });
    await before.flow.start('x', {});
    await second.promise;
    await before.flow.close();

    const after = openMachine(states, {
      file,
      lambda: async (_, payload) => {
        calls.push(`after ${payload}`);
        return String(payload).toUpperCase();
      },
    });
    await after.flow.resume();
    expect(await after.ended('x')).toMatchObject({ output: ['A', 'B', 'C'] });
    expect(calls).toEqual(['before a', 'before b', 'after b', 'after c']);
  });

  it('an end that nobody has acknowledged is told again, and one that was is not', async () => {
    const file = temporaryFile('flow.sqlite');
    const told = deferred();
    const first = openMachine(
      { A: { Type: 'Succeed' } },
      {
        file,
        onStatusChange: async () => {
          told.resolve();
          throw new Error('not now');
        },
      },
    );
    await first.flow.start('x', {});
    await told.promise;
    await first.flow.close();

    const second = openMachine({ A: { Type: 'Succeed' } }, { file });
    await second.flow.resume();
    expect(await second.ended('x')).toMatchObject({ status: 'SUCCEEDED' });
    await second.flow.close();

    const heard: ExecutionChange[] = [];
    const third = openMachine(
      { A: { Type: 'Succeed' } },
      { file, onStatusChange: async (change) => void heard.push(change) },
    );
    await third.flow.resume();
    await third.run({}, 'y');
    expect(heard.map(({ name }) => name)).toEqual(['y']);
  });

  it('an execution keeps the definition that it began with', async () => {
    const file = temporaryFile('flow.sqlite');
    const clock = fastClock(20);
    const old = machineText({ A: { Type: 'Wait', Seconds: 10, Next: 'B' }, B: { Type: 'Succeed', Output: 'old' } });
    const first = openMachine(old, { file, clock });
    await first.flow.start('x', {});
    await first.flow.close();
    const second = openMachine({ Z: { Type: 'Succeed', Output: 'new' } }, { file, clock });
    await second.flow.resume();
    expect(await second.ended('x')).toMatchObject({ output: 'old' });
    expect(await second.run({}, 'y')).toMatchObject({ output: 'new' });
  });
});

it('one engine at a time holds the file', () => {
  const file = temporaryFile('flow.sqlite');
  openMachine({ A: { Type: 'Succeed' } }, { file });
  expect(() => openMachine({ A: { Type: 'Succeed' } }, { file })).toThrow('locked');
});

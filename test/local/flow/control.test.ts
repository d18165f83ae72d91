import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/digest.ts';
import { TaskFailed } from '../../../local/flow/failure.ts';
import { fastClock } from './fast-clock.ts';
import {
  builderTask,
  caughtTask,
  deferred,
  functionTask,
  member,
  openMachine,
  type TestMachine,
  tokenTask,
} from './machine.ts';

/** The machine's flow, for handlers that are made before it. */
function late(): {
  set(machine: TestMachine): TestMachine;
  send(token: JsonValue, output: JsonValue): Promise<string>;
} {
  let made: TestMachine | undefined;
  return {
    set: (machine) => {
      made = machine;
      return machine;
    },
    send: async (token, output) => (await made?.flow.sendTaskSuccess(String(token), output)) ?? 'no machine',
  };
}

describe('a task token', () => {
  it('ends the wait with its output, also when the function itself sends it', async () => {
    const { set, send } = late();
    const machine = set(
      openMachine({ A: tokenTask() }, { lambda: async (_, payload) => send(member(payload, 'token'), { answer: 42 }) }),
    );
    expect(await machine.run({})).toMatchObject({ status: 'SUCCEEDED', output: { answer: 42 } });
  });

  it('serves once, and not at all after its execution ended', async () => {
    const handed = deferred<JsonValue>();
    const machine = openMachine(
      { A: tokenTask({ Next: 'B' }), B: { Type: 'Wait', Seconds: 20, End: true } },
      {
        lambda: async (_, payload) => {
          handed.resolve(member(payload, 'token'));
          return {};
        },
      },
    );
    const end = machine.run({});
    const token = String(await handed.promise);
    expect(await machine.flow.sendTaskSuccess('of nobody', {})).toBe('gone');
    expect(await Promise.all([1, 2, 3].map((n) => machine.flow.sendTaskSuccess(token, n)))).toEqual([
      'sent',
      'gone',
      'gone',
    ]);
    expect(await end).toMatchObject({ output: 1 });
    expect(await machine.flow.sendTaskSuccess(token, 4)).toBe('gone');
  });

  it('is gone when the state timed out, and Catch sees States.Timeout', async () => {
    let token: JsonValue = '';
    const machine = openMachine(caughtTask(tokenTask({ TimeoutSeconds: '{% $states.input.s %}' })), {
      lambda: async (_, payload) => {
        token = member(payload, 'token');
        return {};
      },
    });
    expect(await machine.run({ s: 5 })).toMatchObject({ output: { caught: { Error: 'States.Timeout' } } });
    expect(await machine.flow.sendTaskSuccess(String(token), {})).toBe('gone');
  });

  it('is a new one for each retry, and a failed function ends its wait', async () => {
    const tokens: string[] = [];
    const { set, send } = late();
    const retry = [{ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 2 }];
    const machine = set(
      openMachine(
        { A: tokenTask({ Retry: retry }) },
        {
          lambda: async (_, payload) => {
            tokens.push(String(member(payload, 'token')));
            if (tokens.length < 3) throw new TaskFailed('Busy', '');
            expect(await send(tokens[0] ?? '', 'old')).toBe('gone');
            return send(tokens[2] ?? '', 'new');
          },
        },
      ),
    );
    expect(await machine.run({})).toMatchObject({ output: 'new' });
    expect(new Set(tokens).size).toBe(3);
  });

  it('that was answered counts, though the function failed afterwards', async () => {
    const { set, send } = late();
    const machine = set(
      openMachine(
        { A: tokenTask() },
        {
          lambda: async (_, payload) => {
            await send(member(payload, 'token'), 'sent first');
            throw new TaskFailed('Late', '');
          },
        },
      ),
    );
    expect(await machine.run({})).toMatchObject({ status: 'SUCCEEDED', output: 'sent first' });
  });
});

describe('stop', () => {
  it('aborts what runs, runs no Catch, and tells of an aborted execution', async () => {
    const started = deferred();
    let caught = 0;
    let aborted = 0;
    const states = caughtTask(builderTask());
    const machine = openMachine(
      { ...states, Caught: functionTask() },
      {
        lambda: async () => {
          caught += 1;
          return {};
        },
        runTask: (_, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              aborted += 1;
              reject(signal.reason);
            });
            started.resolve();
          }),
      },
    );
    const end = machine.run({ stage: 's', clientToken: 't' }, 'build');
    await started.promise;
    expect(await machine.flow.status('build')).toBe('running');
    await machine.flow.stop('build', 'no longer wanted');
    expect(await machine.flow.status('build')).toBe('stopped');
    expect(aborted).toBe(1);
    expect(await end).toMatchObject({ status: 'ABORTED', cause: 'no longer wanted' });
    await machine.flow.stop('build', 'again');
    await machine.flow.stop('unknown', 'never there');
    expect(caught).toBe(0);
    expect(await machine.flow.status('unknown')).toBe('unknown');
  });

  it('ends a wait for a token, a retry and a Wait alike', async () => {
    const retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 86_400 }];
    const states: Record<string, JsonObject> = {
      token: { A: tokenTask() },
      retry: { A: functionTask({ Retry: retry, Arguments: { FunctionName: 'broken' } }) },
      wait: { A: { Type: 'Wait', Seconds: 86_400, End: true } },
    };
    for (const machineStates of Object.values(states)) {
      const reached = deferred();
      const machine = openMachine(machineStates, {
        clock: fastClock(1),
        lambda: async (name) => {
          reached.resolve();
          if (name === 'broken') throw new TaskFailed('Busy', '');
          return {};
        },
      });
      const end = machine.run({}, 'x');
      if (!JSON.stringify(machineStates).includes('Wait"')) await reached.promise;
      await machine.flow.stop('x', 'enough');
      expect(await end).toMatchObject({ status: 'ABORTED' });
    }
  });
});

describe('a name', () => {
  it('serves one execution for ever', async () => {
    let calls = 0;
    const machine = openMachine(
      { A: functionTask() },
      {
        lambda: async () => {
          calls += 1;
          return {};
        },
      },
    );
    const starts = await Promise.all([machine.flow.start('b', {}), machine.flow.start('b', {})]);
    expect(starts).toEqual(['started', 'exists']);
    await machine.ended('b');
    expect(await machine.flow.start('b', {})).toBe('exists');
    expect(await machine.flow.status('b')).toBe('succeeded');
    expect(calls).toBe(1);
    await expect(machine.flow.start('../b', {})).rejects.toThrow('is no name of an execution');
  });
});

it('an end is told until the listener has heard it', async () => {
  const heard: string[] = [];
  const machine = openMachine(
    { A: { Type: 'Succeed' } },
    {
      onStatusChange: async ({ status }) => {
        heard.push(status);
        if (heard.length < 3) throw new Error('not now');
      },
    },
  );
  await machine.run({});
  expect(heard).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
});

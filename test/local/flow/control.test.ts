import { describe, expect, it } from 'vitest';
import { stoppedTaskSchema } from '../../../core/builds/flow-messages.ts';
import type { JsonObject, JsonValue } from '../../../core/digest.ts';
import { TaskFailed } from '../../../local/flow/failure.ts';
import type { RunTaskRequest } from '../../../local/flow/run-task.ts';
import { fastClock } from './fast-clock.ts';
import { builderTask, deferred, functionTask, member, openMachine, type TestMachine, tokenTask } from './machine.ts';

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

const caughtTask = (task: JsonObject): JsonObject => ({
  A: { ...task, Next: 'Done', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] },
  Done: { Type: 'Pass', End: true },
  Caught: { Type: 'Pass', Output: { caught: '{% $states.input %}' }, End: true },
});
const withoutEnd = ({ End: _, ...task }: JsonObject): JsonObject => task;

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
    const machine = openMachine(caughtTask(withoutEnd(tokenTask({ TimeoutSeconds: '{% $states.input.s %}' }))), {
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

describe('a builder task', () => {
  const input = { stage: 'stg', clientToken: 'token-1' };

  it('is asked for with what its arguments say, and its result is the state’s', async () => {
    const asked: { request: RunTaskRequest; taskId: string }[] = [];
    const machine = openMachine(
      { A: builderTask() },
      {
        runTask: async (request, { taskId }) => {
          asked.push({ request, taskId });
          return { LastStatus: 'STOPPED' };
        },
      },
    );
    expect(await machine.run(input)).toMatchObject({ status: 'SUCCEEDED', output: { LastStatus: 'STOPPED' } });
    expect(asked).toEqual([
      {
        taskId: expect.stringMatching(/^tsk_[0-9A-Z]{26}$/),
        request: {
          buildId: 'bld',
          stageId: 'stg',
          attempt: 1,
          manifestUrl: 'http://127.0.0.1/m',
          cpuUnits: 2048,
          memoryMiB: 4096,
          diskGiB: 30,
          clientToken: 'token-1',
        },
      },
    ]);
  });

  it('that failed, or whose runner broke, is a States.TaskFailed with a task’s description', async () => {
    const cause = JSON.stringify({ StopCode: 'EssentialContainerExited', Containers: [{ ExitCode: 137 }] });
    const thrown: unknown[] = [new TaskFailed('States.TaskFailed', cause), new Error('the runner is broken')];
    const machine = openMachine(caughtTask(withoutEnd(builderTask())), {
      runTask: async () => {
        throw thrown.shift();
      },
    });
    expect(await machine.run(input)).toMatchObject({
      output: { caught: { Error: 'States.TaskFailed', Cause: cause } },
    });
    const end = await machine.run(input);
    const caught = member(end.output ?? null, 'caught');
    expect(member(caught, 'Error')).toBe('States.TaskFailed');
    expect(stoppedTaskSchema.parse(JSON.parse(String(member(caught, 'Cause'))))).toMatchObject({
      StopCode: 'TaskFailedToStart',
      StoppedReason: 'the runner is broken',
    });
  });

  it('with the same client token is the same task: it does not start again', async () => {
    let starts = 0;
    const again = { A: { ...withoutEnd(builderTask()), Output: '{% $states.input %}', Next: 'B' }, B: builderTask() };
    const machine = openMachine(again, {
      runTask: async () => {
        starts += 1;
        return { start: starts };
      },
    });
    expect(await machine.run(input)).toMatchObject({ output: { start: 1 } });
    expect(starts).toBe(1);
    expect(await machine.run(input)).toMatchObject({ output: { start: 2 } });
  });

  it('that could not be started may be started later with the same client token', async () => {
    let starts = 0;
    const Retry = [{ ErrorEquals: ['ECS.ServerException'], MaxAttempts: 3 }];
    const machine = openMachine(
      { A: builderTask({ Retry }) },
      {
        runTask: async () => {
          starts += 1;
          if (starts < 3) throw new TaskFailed('ECS.ServerException', 'no slot');
          return starts;
        },
      },
    );
    expect(await machine.run(input)).toMatchObject({ output: 3 });
  });

  it('is refused without what the runner needs', async () => {
    const machine = openMachine({ A: builderTask() });
    expect(await machine.run({ stage: 'stg', clientToken: 'x'.repeat(65) })).toMatchObject({
      status: 'FAILED',
      error: 'ECS.InvalidParameterException',
      cause: expect.stringContaining('ClientToken'),
    });
  });

  it('is aborted when its state runs out of time', async () => {
    const aborted = deferred();
    const machine = openMachine(caughtTask(withoutEnd(builderTask({ TimeoutSeconds: 5 }))), {
      runTask: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted.resolve();
            reject(signal.reason);
          });
        }),
    });
    expect(await machine.run(input)).toMatchObject({ output: { caught: { Error: 'States.Timeout' } } });
    await aborted.promise;
  });
});

describe('stop', () => {
  it('aborts what runs, runs no Catch, and tells of an aborted execution', async () => {
    const started = deferred();
    let caught = 0;
    let aborted = 0;
    const states = caughtTask(withoutEnd(builderTask()));
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

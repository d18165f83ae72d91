import { describe, expect, it } from 'vitest';
import { stoppedTaskSchema } from '../../../core/builds/flow-messages.ts';
import { TaskFailed } from '../../../local/flow/failure.ts';
import type { RunTaskRequest } from '../../../local/flow/run-task.ts';
import { builderTask, caughtTask, deferred, member, openMachine } from './machine.ts';

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
    const machine = openMachine(caughtTask(builderTask()), {
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
    const again = { A: builderTask({ Output: '{% $states.input %}', Next: 'B' }), B: builderTask() };
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
    const machine = openMachine(caughtTask(builderTask({ TimeoutSeconds: 5 })), {
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

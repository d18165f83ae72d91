import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/digest.ts';
import { TaskFailed } from '../../../local/flow/failure.ts';
import { fastClock } from './fast-clock.ts';
import { failedWith, functionTask, openMachine, runStates as run, succeeded } from './machine.ts';

describe('Retry', () => {
  const failing = (error: string, times: number): { calls: () => number; work: () => JsonValue } => {
    let calls = 0;
    return {
      calls: () => calls,
      work: () => {
        calls += 1;
        if (calls <= times) throw new TaskFailed(error, 'scripted');
        return calls;
      },
    };
  };
  const retried = (Retry: JsonValue): JsonObject => ({
    A: functionTask({ Retry, Output: '{% $states.result.Payload %}' }),
  });

  it('tries again until it works, with what each retrier counts for itself', async () => {
    const { work } = failing('Busy', 2);
    const Retry = [{ ErrorEquals: ['Other'] }, { ErrorEquals: ['Busy'], MaxAttempts: 2, JitterStrategy: 'FULL' }];
    expect(await run(retried(Retry), {}, work)).toEqual(succeeded(3));
  });

  it('waits longer each time, up to a longest delay', async () => {
    const clock = fastClock(200);
    const times: number[] = [];
    const retry = {
      ErrorEquals: ['States.ALL'],
      IntervalSeconds: 2,
      BackoffRate: 3,
      MaxAttempts: 3,
      MaxDelaySeconds: 10,
    };
    const machine = openMachine(retried([retry]), {
      clock,
      lambda: async () => {
        times.push(clock.now().getTime());
        throw new TaskFailed('Busy', '');
      },
    });
    expect(await machine.run({})).toMatchObject({ status: 'FAILED', error: 'Busy' });
    const delays = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    for (const [index, least] of [2_000, 6_000, 10_000].entries()) {
      expect(delays[index]).toBeGreaterThanOrEqual(least);
    }
    expect(delays).toHaveLength(3);
  });

  it('gives up after MaxAttempts, never begins with 0, and tells the context its count', async () => {
    const twice = failing('Busy', 9);
    expect(await run(retried([{ ErrorEquals: ['Busy'], MaxAttempts: 2 }]), {}, twice.work)).toMatchObject(
      failedWith('Busy'),
    );
    expect(twice.calls()).toBe(3);
    const never = failing('Busy', 9);
    await run(retried([{ ErrorEquals: ['Busy'], MaxAttempts: 0 }]), {}, never.work);
    expect(never.calls()).toBe(1);
    const counts: JsonValue[] = [];
    const counting = functionTask({
      Arguments: { FunctionName: 'work', Payload: '{% $states.context.State.RetryCount %}' },
      Retry: [{ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 2 }],
    });
    await run({ A: counting }, {}, (payload) => {
      counts.push(payload);
      throw new TaskFailed('Busy', '');
    });
    expect(counts).toEqual([0, 1, 2]);
  });

  it('does not cover States.Timeout by States.TaskFailed', async () => {
    const timeout = failing('States.Timeout', 9);
    await run(retried([{ ErrorEquals: ['States.TaskFailed'] }]), {}, timeout.work);
    expect(timeout.calls()).toBe(1);
  });
});

describe('Catch', () => {
  const caught = (more: JsonObject, task: JsonObject = {}): JsonObject => ({
    A: functionTask({
      Next: 'B',
      Catch: [
        { ErrorEquals: ['Rare'], Next: 'C' },
        { ...more, Next: 'C' },
      ],
      ...task,
    }),
    B: { Type: 'Succeed', Output: 'not caught' },
    C: { Type: 'Pass', End: true },
  });
  const broken = (): never => {
    throw new TaskFailed('Mine', 'why');
  };

  it('goes on with the error output, or with its own Output and Assign', async () => {
    expect(await run(caught({ ErrorEquals: ['States.ALL'] }), {}, broken)).toEqual(
      succeeded({ Error: 'Mine', Cause: 'why' }),
    );
    const states = caught({
      ErrorEquals: ['Mine'],
      Output: { error: '{% $states.errorOutput.Error %}', input: '{% $states.input %}' },
      Assign: { cause: '{% $states.errorOutput.Cause %}' },
    });
    const withVariable = {
      ...states,
      C: { Type: 'Pass', Output: '{% $merge([$states.input, {"cause": $cause}]) %}', End: true },
    };
    expect(await run(withVariable, { a: 1 }, broken)).toEqual(
      succeeded({ error: 'Mine', input: { a: 1 }, cause: 'why' }),
    );
  });

  it('covers the failure of the state’s own expressions', async () => {
    const states = caught(
      { ErrorEquals: ['States.QueryEvaluationError'] },
      { Output: '{% $states.result.Payload.none %}' },
    );
    expect(await run(states, {}, () => ({}))).toMatchObject({
      status: 'SUCCEEDED',
      output: { Error: 'States.QueryEvaluationError' },
    });
  });

  it('leaves what no catcher names', async () => {
    expect(await run(caught({ ErrorEquals: ['Other'] }), {}, broken)).toEqual({
      status: 'FAILED',
      error: 'Mine',
      cause: 'why',
    });
  });

  it('comes after the retries', async () => {
    let calls = 0;
    const states = caught({ ErrorEquals: ['Mine'] }, { Retry: [{ ErrorEquals: ['Mine'], MaxAttempts: 2 }] });
    const end = await run(states, {}, () => {
      calls += 1;
      return broken();
    });
    expect(end).toEqual(succeeded({ Error: 'Mine', Cause: 'why' }));
    expect(calls).toBe(3);
  });
});

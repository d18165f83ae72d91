import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../core/digest.ts';
import { fastClock } from './fast-clock.ts';
import { failedWith, functionTask, machineText, member, openMachine, runStates as run, succeeded } from './machine.ts';

describe('Pass', () => {
  it('hands its input on, or its Output', async () => {
    expect(await run({ A: { Type: 'Pass', End: true } }, { a: 1 })).toEqual(succeeded({ a: 1 }));
    const states = { A: { Type: 'Pass', Output: { b: ['{% $states.input.a + 1 %}', 'plain', null] }, End: true } };
    expect(await run(states, { a: 1 })).toEqual(succeeded({ b: [2, 'plain', null] }));
  });

  it('assigns variables that the next states see, and that its own fields do not', async () => {
    const states = {
      A: { Type: 'Pass', Assign: { x: 1, y: '{% $states.input.a %}' }, Next: 'B' },
      B: { Type: 'Pass', Assign: { x: '{% $x + 1 %}', y: '{% $x %}' }, Output: '{% [$x, $y] %}', Next: 'C' },
      C: { Type: 'Pass', Output: { before: '{% $states.input %}', x: '{% $x %}', y: '{% $y %}' }, End: true },
    };
    expect(await run(states, { a: 7 })).toEqual(succeeded({ before: [1, 7], x: 2, y: 1 }));
  });

  it('fails where an expression yields nothing, goes wrong or goes on for ever', async () => {
    const endless = '{% ($f := function($n) { $f($n + 1) }; $f(1)) %}';
    for (const Output of ['{% $states.input.missing %}', "{% $number('x') %}", endless, '{% function($x) { $x } %}']) {
      expect(await run({ A: { Type: 'Pass', Output, End: true } }, {})).toMatchObject(
        failedWith('States.QueryEvaluationError'),
      );
    }
  });

  it('keeps an array an array, whatever its length', async () => {
    const states = { A: { Type: 'Pass', Output: '{% $states.input.list %}', End: true } };
    expect(await run(states, { list: [{ a: 1 }] })).toEqual(succeeded([{ a: 1 }]));
    expect(await run(states, { list: [] })).toEqual(succeeded([]));
  });
});

describe('Choice', () => {
  const choice = {
    A: {
      Type: 'Choice',
      Choices: [
        { Condition: '{% $states.input.n = 1 %}', Next: 'One', Assign: { v: 'one' }, Output: 'first' },
        { Condition: '{% $states.input.n > 1 %}', Next: 'Many' },
      ],
      Default: 'None',
      Assign: { v: 'default' },
    },
    One: { Type: 'Pass', Output: ['{% $states.input %}', '{% $v %}'], End: true },
    Many: { Type: 'Succeed', Output: 'many' },
    None: { Type: 'Pass', Output: '{% $v %}', End: true },
  };

  it('takes the first rule that holds, with its own Assign and Output, else the default', async () => {
    expect(await run(choice, { n: 1 })).toEqual(succeeded(['first', 'one']));
    expect(await run(choice, { n: 2 })).toEqual(succeeded('many'));
    expect(await run(choice, { n: 0 })).toEqual(succeeded('default'));
  });

  it('fails without a match, and where a condition is no boolean', async () => {
    const { Default: _, ...rules } = choice.A;
    const { None: __, ...states } = { ...choice, A: rules };
    expect(await run(states, { n: 0 })).toMatchObject(failedWith('States.NoChoiceMatched'));
    const unclear = {
      A: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.n %}', Next: 'B' }] },
      B: { Type: 'Succeed' },
    };
    expect(await run(unclear, { n: 1 })).toMatchObject(failedWith('States.QueryEvaluationError'));
  });
});

describe('Wait', () => {
  it('waits that many seconds and hands its input on', async () => {
    const clock = fastClock(100);
    const machine = openMachine({ A: { Type: 'Wait', Seconds: '{% $states.input.s %}', End: true } }, { clock });
    const before = clock.now().getTime();
    expect(await machine.run({ s: 10 })).toMatchObject({ status: 'SUCCEEDED', output: { s: 10 } });
    expect(clock.now().getTime() - before).toBeGreaterThanOrEqual(10_000);
  });

  it('fails where Seconds are no whole number', async () => {
    const states = { A: { Type: 'Wait', Seconds: '{% $states.input.s %}', End: true } };
    for (const s of [-1, 0.5, '3']) {
      expect(await run(states, { s })).toMatchObject(failedWith('States.QueryEvaluationError'));
    }
  });
});

describe('Succeed and Fail', () => {
  it('end the execution with an output, or with an error and a cause', async () => {
    expect(await run({ A: { Type: 'Succeed' } }, { a: 1 })).toEqual(succeeded({ a: 1 }));
    const fail = { A: { Type: 'Fail', Error: 'Mine', Cause: "{% 'because ' & $states.input.a %}" } };
    expect(await run(fail, { a: 'x' })).toEqual({ status: 'FAILED', error: 'Mine', cause: 'because x' });
  });
});

describe('Task with a function', () => {
  it('answers as the service integration does', async () => {
    const states = { A: functionTask() };
    expect(await run(states, { a: 1 }, (payload) => ({ got: payload }))).toEqual(
      succeeded({ ExecutedVersion: '$LATEST', Payload: { got: { a: 1 } }, StatusCode: 200 }),
    );
  });

  it('sees the supported context', async () => {
    const Output = {
      id: '{% $states.context.Execution.Id %}',
      input: '{% $states.context.Execution.Input %}',
      name: '{% $states.context.Execution.Name %}',
      state: '{% $states.context.State.Name %}',
      retries: '{% $states.context.State.RetryCount %}',
      started: '{% $states.context.Execution.StartTime <= $states.context.State.EnteredTime %}',
      machine: '{% $states.context.StateMachine.Name %}',
    };
    const end = await run({ A: { Type: 'Pass', Output, End: true } }, { a: 1 });
    expect(member(end, 'output')).toEqual({
      id: expect.stringMatching(/^arn:aws:states:.*:execution:build:run-1$/),
      input: { a: 1 },
      name: 'run-1',
      state: 'A',
      retries: 0,
      started: true,
      machine: 'build',
    });
  });

  it('fails with the name of the function’s error and a JSON cause without its stack', async () => {
    const broken = (): never => {
      throw new RangeError('too far');
    };
    expect(await run({ A: functionTask() }, {}, broken)).toEqual({
      status: 'FAILED',
      error: 'RangeError',
      cause: JSON.stringify({ errorType: 'RangeError', errorMessage: 'too far' }),
    });
  });

  it('is refused data that Step Functions would refuse, and States.ALL does not catch that', async () => {
    const states = {
      A: functionTask({ Next: 'B', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }] }),
      B: { Type: 'Succeed' },
    };
    expect(await run(states, {}, () => 'x'.repeat(262_145))).toMatchObject(failedWith('States.DataLimitExceeded'));
  });
});

it('an execution has a time of its own, which no catcher sees', async () => {
  const states = {
    A: functionTask({ Next: 'B', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }] }),
    B: { Type: 'Succeed' },
  };
  const machine = openMachine(machineText(states, { TimeoutSeconds: 5 }), {
    clock: fastClock(50),
    lambda: () => new Promise<JsonValue>(() => undefined),
  });
  const closing = machine.run({});
  expect(await closing).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
  expect(await machine.flow.status('run-1')).toBe('failed');
});

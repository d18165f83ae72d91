import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/digest.ts';
import { TaskFailed } from '../../../local/flow/failure.ts';
import { builderTask, functionTask, member, openMachine } from './machine.ts';

const mapOf = (states: JsonObject, more: JsonObject = {}): JsonObject => ({
  M: {
    Type: 'Map',
    Items: '{% $states.input.items %}',
    ItemProcessor: {
      ProcessorConfig: { Mode: 'INLINE' },
      StartAt: Object.keys(states)[0] ?? '',
      States: states,
    },
    ...(more.Next === undefined ? { End: true } : {}),
    ...more,
  },
});

describe('Map', () => {
  it('gives each item to an iteration and answers in the order of the items', async () => {
    const machine = openMachine(mapOf({ A: functionTask({ Output: '{% $states.result.Payload %}' }) }), {
      lambda: async (_, payload) => {
        await sleep(payload === 1 ? 30 : 1);
        return [payload];
      },
    });
    expect(await machine.run({ items: [1, 2, 3] })).toMatchObject({ output: [[1], [2], [3]] });
    expect(await machine.run({ items: [] })).toMatchObject({ status: 'SUCCEEDED', output: [] });
  });

  it('selects what an iteration sees, by the context of its item', async () => {
    const ItemSelector = {
      at: '{% $states.context.Map.Item.Index %}',
      value: '{% $states.context.Map.Item.Value.v %}',
      all: '{% $count($states.input.items) %}',
    };
    const inner = {
      A: { Type: 'Pass', Output: ['{% $states.input %}', '{% $states.context.Map.Item.Index %}'], End: true },
    };
    const machine = openMachine(mapOf(inner, { ItemSelector }));
    expect(await machine.run({ items: [{ v: 'a' }, { v: 'b' }] })).toMatchObject({
      output: [
        [{ at: 0, value: 'a', all: 2 }, 0],
        [{ at: 1, value: 'b', all: 2 }, 1],
      ],
    });
  });

  it('reads the variables around it and keeps its own to each iteration, also inside another Map', async () => {
    const inner = mapOf({ C: { Type: 'Pass', Output: '{% $outer & $own & $states.input %}', End: true } });
    const states = {
      Before: { Type: 'Pass', Assign: { outer: 'o' }, Next: 'M' },
      ...mapOf({
        A: { Type: 'Pass', Assign: { own: '{% $states.input.own %}' }, Next: 'Inner' },
        Inner: inner.M ?? null,
      }),
    };
    const machine = openMachine(states);
    const items = [
      { own: 'a', items: ['1', '2'] },
      { own: 'b', items: ['3'] },
    ];
    expect(await machine.run({ items })).toMatchObject({ output: [['oa1', 'oa2'], ['ob3']] });
  });

  it.each([
    [1, 1],
    [2, 2],
    [0, 6],
  ])('runs at most MaxConcurrency %i at once', async (MaxConcurrency, expected) => {
    let now = 0;
    let most = 0;
    const machine = openMachine(mapOf({ A: functionTask() }, { MaxConcurrency }), {
      lambda: async () => {
        now += 1;
        most = Math.max(most, now);
        await sleep(5);
        now -= 1;
        return null;
      },
    });
    await machine.run({ items: [1, 2, 3, 4, 5, 6] });
    expect(most).toBe(expected);
  });

  it('fails with its first failing iteration, which stops the others and their tasks', async () => {
    let aborted = 0;
    const choose = {
      Type: 'Choice',
      Choices: [{ Condition: '{% $states.input.bad %}', Next: 'Bad' }],
      Default: 'Good',
    };
    const states = { Choose: choose, Bad: functionTask(), Good: builderTask() };
    const machine = openMachine(mapOf(states), {
      lambda: async () => {
        await sleep(20);
        throw new TaskFailed('Broken', 'one');
      },
      runTask: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted += 1;
            reject(signal.reason);
          });
        }),
    });
    const good = (clientToken: string): JsonObject => ({ bad: false, stage: 's', clientToken });
    const items = [good('a'), { bad: true }, good('b')];
    expect(await machine.run({ items })).toMatchObject({ status: 'FAILED', error: 'Broken', cause: 'one' });
    expect(aborted).toBe(2);
  });

  it('is retried and caught like a task', async () => {
    let calls = 0;
    const states = {
      ...mapOf(
        { A: functionTask() },
        {
          Retry: [{ ErrorEquals: ['Broken'], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
          Next: 'Done',
        },
      ),
      Done: { Type: 'Succeed' },
      Caught: { Type: 'Succeed', Output: '{% $states.input.Error %}' },
    };
    const machine = openMachine(states, {
      lambda: async () => {
        calls += 1;
        throw new TaskFailed('Broken', '');
      },
    });
    expect(await machine.run({ items: [1] })).toMatchObject({ status: 'SUCCEEDED', output: 'Broken' });
    expect(calls).toBe(2);
  });

  it('fails where there is no array, or an item cannot be selected', async () => {
    const machine = openMachine(
      mapOf({ A: { Type: 'Pass', End: true } }, { ItemSelector: '{% $states.context.Map.Item.Value.x %}' }),
    );
    for (const items of [{ a: 1 }, [{ y: 1 }]]) {
      const end = await machine.run({ items });
      expect(member({ error: end.error ?? '' }, 'error')).toBe('States.QueryEvaluationError');
    }
  });
});

import { expect, it } from 'vitest';
import { createTurns } from '../../../functions/shared/turns.ts';

it('tasks run one after the other, in the order in which they came, whatever becomes of each', async () => {
  const inTurn = createTurns(5);
  const seen: string[] = [];
  const task = (name: string, fails = false) =>
    inTurn(async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const all = await Promise.allSettled([task('a'), task('b', true), task('c')]);
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(seen).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

it('who would wait behind too many is refused, and may come again', async () => {
  const inTurn = createTurns(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const [first, second] = [inTurn(() => promise), inTurn(async () => 'second')];
  expect(() => inTurn(async () => 'third')).toThrow(/service\.unavailable/);
  resolve();
  await first;
  expect(await second).toBe('second');
  expect(await inTurn(async () => 'third')).toBe('third');
});

import { expect, it } from 'vitest';
import { RunSlots } from '../../../adapters/quickjs/run-slots.ts';

const { signal } = new AbortController();

/** Takes a slot, and notes when it has it. */
function taker(slots: RunSlots) {
  const order: string[] = [];
  const take = async (tenantId: string, name: string, until = signal) => {
    const release = await slots.take(tenantId, until);
    order.push(name);
    return release;
  };
  return { order, take };
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

it('gives a slot to the tenant that runs least, and of one tenant to who has waited longest', async () => {
  const { order, take } = taker(new RunSlots(2));
  const [one, two] = [await take('busy', 'busy 1'), await take('busy', 'busy 2')];
  const third = take('busy', 'busy 3');
  const fourth = take('busy', 'busy 4');
  const other = take('other', 'other 1');
  one();
  (await other)();
  (await third)();
  two();
  (await fourth)();
  expect(order).toEqual(['busy 1', 'busy 2', 'other 1', 'busy 3', 'busy 4']);
});

it('passes over who has gone, and has no slot lost', async () => {
  const { order, take } = taker(new RunSlots(1));
  const first = await take('a', 'first');
  const leaving = new AbortController();
  const gone = take('a', 'gone', leaving.signal).catch((reason: unknown) => reason);
  const second = take('a', 'second');
  leaving.abort(new Error('left'));
  expect(await gone).toEqual(new Error('left'));
  first();
  (await second)();
  await settled();
  (await take('b', 'third'))();
  expect(order).toEqual(['first', 'second', 'third']);
  await expect(take('a', 'late', leaving.signal)).rejects.toThrow('left');
});

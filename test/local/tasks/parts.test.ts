import { describe, expect, it } from 'vitest';
import { Slots } from '../../../local/tasks/slots.ts';
import { workSpaceFor } from '../../../local/tasks/work-space.ts';

describe('slots', () => {
  it('are given in order, given back once, and not to who has gone', async () => {
    const slots = new Slots(1);
    const { signal } = new AbortController();
    const first = await slots.take(signal);
    const order: string[] = [];
    const impatient = new AbortController();
    const two = slots.take(impatient.signal).catch(() => order.push('two left'));
    const three = slots.take(signal).then((give) => {
      order.push('three');
      return give;
    });
    impatient.abort();
    await two;
    first();
    first();
    const give = await three;
    expect(order).toEqual(['two left', 'three']);
    const four = slots.take(signal).then(() => order.push('four'));
    await Promise.resolve();
    expect(order).toEqual(['two left', 'three']);
    give();
    await four;
    expect(order).toEqual(['two left', 'three', 'four']);
  });
});

describe('the work space of a task', () => {
  const memory = (gibibytes: number) => `MemTotal: 1 kB\nMemAvailable:   ${gibibytes * 1024 ** 2} kB\nSwapFree: 0 kB\n`;

  it('is a tmpfs of a share of the memory where three times the expected size is there', () => {
    expect(workSpaceFor(1, memory(20))).toBe(Math.floor(14 * 1024 ** 3));
    expect(workSpaceFor(2, memory(20))).toBe(Math.floor(7 * 1024 ** 3));
  });

  it('is the disk where memory is scarce or many share it', () => {
    expect(workSpaceFor(1, memory(4))).toBe('disk');
    expect(workSpaceFor(8, memory(20))).toBe('disk');
    expect(workSpaceFor(1, '')).toBe('disk');
  });
});

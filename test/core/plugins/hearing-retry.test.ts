import { expect, it } from 'vitest';
import { mostTries, nextHearing, retrySeconds } from '../../../core/plugins/hearings/retry.ts';

it('a delay is about what the table says, the same for the same hearing, and none after the last', () => {
  const now = new Date(0);
  retrySeconds.forEach((seconds, index) => {
    const [one, two] = ['plh_1', 'plh_2'].map((id) => nextHearing(id, index + 1, now)?.getTime() ?? 0);
    for (const at of [one, two]) expect(Math.abs((at ?? 0) / 1_000 - seconds)).toBeLessThanOrEqual(seconds / 10);
    expect(one).not.toBe(two);
    expect(nextHearing('plh_1', index + 1, now)?.getTime()).toBe(one);
  });
  expect(nextHearing('plh_1', mostTries, now)).toBeUndefined();
});

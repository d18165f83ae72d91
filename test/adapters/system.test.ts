import { expect, it } from 'vitest';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { createIds } from '../../adapters/system/ids.ts';

it('makes ids that sort by time and hold 80 random bits', () => {
  const time = { now: 1_763_197_965_000 };
  const ids = createIds({ now: () => new Date(time.now), sleep: async () => {} }, (bytes) =>
    new Uint8Array(bytes).fill(0xff),
  );
  const first = ids.next('bld');
  expect(first).toMatch(/^bld_[0-9A-HJKMNP-TV-Z]{10}Z{16}$/);
  time.now += 1;
  const second = ids.next('bld');
  expect([second, first].sort()).toEqual([first, second]);
});

it('makes other ids and secrets each time', () => {
  const ids = createIds(createSystemClock());
  expect(new Set(Array.from({ length: 1_000 }, () => ids.next('evt'))).size).toBe(1_000);
  expect(ids.secret(32)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(ids.secret(32)).not.toBe(ids.secret(32));
});

it('sleeps until the time is over or the signal comes', async () => {
  const clock = createSystemClock();
  const began = performance.now();
  await clock.sleep(20);
  expect(performance.now() - began).toBeGreaterThanOrEqual(18);
  const stop = new AbortController();
  const sleeping = clock.sleep(60_000, stop.signal);
  stop.abort();
  await sleeping;
  await clock.sleep(60_000, stop.signal);
  expect(performance.now() - began).toBeLessThan(20_000);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import type { Table } from '../../../core/ports/table.ts';
import { fullBucket, hasToken, levelOf, taken } from '../../../core/protection/bucket.ts';
import { untoldAtMost } from '../../../core/protection/rate-limit.ts';
import { createRateLimiter, type RateLimiter } from '../../../core/protection/rate-limiter.ts';
import type { RateLimit } from '../../../core/wiring/rate-limit.ts';
import { ManualClock } from '../../contract/blobs/manual-clock.ts';

const start = new Date('2026-11-26T00:00:00Z');
const size: RateLimit = { burst: 40, perSecond: 10, shared: true };
const slack = untoldAtMost(size);

/** A table that counts what it is asked, and several processes that serve one key over it. */
function world(processes: number, limit: RateLimit = size) {
  const clock = new ManualClock(start);
  const stored = openSqliteTable({ file: ':memory:', clock });
  const asked = { reads: 0, writes: 0 };
  const table: Table = {
    get: (key) => {
      asked.reads += 1;
      return stored.get(key);
    },
    query: (query) => stored.query(query),
    transact: (writes) => {
      asked.writes += 1;
      return stored.transact(writes);
    },
  };
  const make = (): RateLimiter => createRateLimiter({ table, clock }, limit);
  return { clock, stored, asked, make, limiters: Array.from({ length: processes }, make) };
}

/** When requests come: pauses in milliseconds, and which process each comes to; several at once where it is 0. */
const arrivals = (processes: number) =>
  fc
    .array(
      fc.record({
        pause: fc.oneof(
          { weight: 3, arbitrary: fc.constant(0) },
          { weight: 3, arbitrary: fc.integer({ min: 1, max: 150 }) },
          { weight: 2, arbitrary: fc.integer({ min: 1_000, max: 8_000 }) },
          { weight: 1, arbitrary: fc.constant(200_000) },
        ),
        every: fc.constantFrom(0, 0, 30, 100),
        process: fc.nat(processes - 1),
        count: fc.oneof(fc.constantFrom(1, slack, slack + 1, size.burst), fc.integer({ min: 1, max: 15 })),
      }),
      { minLength: 1, maxLength: 30 },
    )
    .map((runs) =>
      runs.flatMap(({ pause, every, process, count }) =>
        Array.from({ length: count }, (_, index) => ({ pause: index === 0 ? pause : every, process })),
      ),
    );

describe('buckets that several processes serve', () => {
  const processes = 4;

  it('let pass no more than was promised, in any time, whoever asks whom when', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals(processes), async (list) => {
        const { clock, stored, limiters } = world(processes);
        const passed: number[] = [];
        for (const { pause, process } of list) {
          clock.advance(pause);
          if ((await limiters[process]?.take('key_1'))?.passes === true) passed.push(clock.now().getTime());
        }
        stored.close();
        // The most that passed in any time, less what the bucket got in it.
        const ahead = passed.map((at, index) => index - (size.perSecond * (at - start.getTime())) / 1_000);
        let lowest = Number.POSITIVE_INFINITY;
        let most = 0;
        for (const value of ahead) {
          lowest = Math.min(lowest, value);
          most = Math.max(most, value - lowest + 1);
        }
        expect(most).toBeLessThanOrEqual(2 * size.burst + processes * slack + 0.1);
      }),
      { numRuns: 1_000 },
    );
  }, 120_000);

  it('let nobody pass faster by going round: what a full bucket lost is given back once', async () => {
    const { clock, stored, limiters } = world(processes);
    let passed = 0;
    const rounds = 500;
    const pause = 800;
    for (let round = 0; round < rounds; round += 1) {
      for (const limiter of limiters) {
        for (let count = 0; count <= slack; count += 1) passed += (await limiter.take('key_1')).passes ? 1 : 0;
      }
      clock.advance(pause);
    }
    stored.close();
    const got = (size.perSecond * pause * rounds) / 1_000;
    expect(passed).toBeLessThanOrEqual(got + 2 * size.burst + processes * slack);
    expect(passed).toBeGreaterThanOrEqual(got);
  });

  it('never refuse whom one bucket would not refuse', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals(processes), async (list) => {
        const { clock, stored, limiters } = world(processes);
        let bucket = fullBucket(start.getTime());
        for (const { pause, process } of list) {
          clock.advance(pause);
          const now = clock.now().getTime();
          // A polite caller asks only where there is a token.
          if (!hasToken(levelOf(size, bucket, now))) continue;
          bucket = taken(size, bucket, now, 1);
          expect((await limiters[process]?.take('key_1'))?.passes).toBe(true);
        }
        stored.close();
      }),
      { numRuns: 1_000 },
    );
  }, 120_000);

  it('hold when all ask at once, and when processes come and go', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }), async (waves) => {
        const { clock, stored, make } = world(0);
        let passed = 0;
        let made = 0;
        for (const count of waves) {
          const fresh = Array.from({ length: count }, make);
          made += count;
          const verdicts = await Promise.all(
            fresh.flatMap((limiter) => Array.from({ length: 15 }, () => limiter.take('key_1'))),
          );
          passed += verdicts.filter((verdict) => verdict.passes).length;
          clock.advance(100);
        }
        stored.close();
        expect(passed).toBeLessThanOrEqual(size.burst + waves.length + made * slack);
        expect(passed).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  }, 120_000);

  it('answer each of many processes that ask a slow table at once, and none that it is unavailable', async () => {
    const { clock, stored } = world(0);
    const slowly = async <T>(ask: () => Promise<T>): Promise<T> => {
      await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 8));
      return ask();
    };
    const table: Table = {
      get: (key) => slowly(() => stored.get(key)),
      query: (query) => stored.query(query),
      transact: (writes) => slowly(() => stored.transact(writes)),
    };
    const wide: RateLimit = { burst: 200, perSecond: 20, shared: true };
    const many = Array.from({ length: 100 }, () => createRateLimiter({ table, clock }, wide));
    const verdicts = await Promise.all(many.map((limiter) => limiter.take('key_1')));
    expect(verdicts.filter(({ passes }) => passes)).toHaveLength(100);
    // All of it is charged in the end: whoever could not tell does so with its next request.
    for (let round = 0; round < 40; round += 1) for (const limiter of many) await limiter.take('key_1');
    const refused = await Promise.all(many.map((limiter) => limiter.take('key_1')));
    expect(refused.filter(({ passes }) => passes).length).toBe(0);
    stored.close();
  }, 60_000);

  it('write once in many requests while the caller stays above half', async () => {
    const { clock, asked, limiters, stored } = world(1, { burst: 200, perSecond: 20, shared: true });
    for (let count = 0; count < 2_100; count += 1) {
      clock.advance(100);
      expect((await limiters[0]?.take('key_1'))?.passes).toBe(true);
    }
    stored.close();
    // One in 21 requests, and the first look.
    expect(asked).toEqual({ reads: 1, writes: 100 });
  });

  it('ask the table nothing for who is refused', async () => {
    const { asked, limiters, stored } = world(1);
    for (let count = 0; count < size.burst; count += 1) await limiters[0]?.take('key_1');
    const before = { ...asked };
    for (let count = 0; count < 1_000; count += 1) expect((await limiters[0]?.take('key_1'))?.passes).toBe(false);
    expect(asked).toEqual(before);
    expect((await limiters[0]?.take('key_2'))?.passes).toBe(true);
    stored.close();
  });
});

describe('a bucket of one process', () => {
  it('is exact, says what is left, and asks no table', async () => {
    const { clock, asked, limiters, stored } = world(1, { burst: 3, perSecond: 0.5, shared: false });
    const take = async () => limiters[0]?.take('key_1');
    expect(await take()).toMatchObject({
      passes: true,
      headers: { 'ratelimit-policy': '"key";q=3;w=6', ratelimit: '"key";r=2;t=2' },
    });
    expect([(await take())?.passes, (await take())?.passes]).toEqual([true, true]);
    expect(await take()).toMatchObject({
      passes: false,
      retryAfterSeconds: 2,
      headers: { ratelimit: '"key";r=0;t=6' },
    });
    clock.advance(1_900);
    expect((await take())?.passes).toBe(false);
    clock.advance(100);
    expect((await take())?.passes).toBe(true);
    expect(asked).toEqual({ reads: 0, writes: 0 });
    stored.close();
  });
});

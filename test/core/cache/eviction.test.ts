import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseEvictions, leaseMilliseconds, resultName } from '../../../core/cache/eviction.ts';
import type { StoredResult } from '../../../core/cache/stored-results.ts';
import { sha256 } from '../../../core/digest.ts';

const now = new Date('2026-11-26T12:00:00.000Z');
const hour = 3_600_000;

interface Drawn {
  readonly scope: string;
  readonly hoursAgo: number;
  readonly blob: number;
  readonly size: number;
  readonly artifact: boolean;
}

/** A result; blobs of one number are the same bytes. */
function stored(name: string, { scope, hoursAgo, blob, size, artifact }: Drawn): StoredResult {
  const key = sha256(name);
  const digest = sha256(`blob ${blob}`);
  const kept = artifact
    ? { artifact: { type: 'tar' as const, size, sha256: digest, mediaType: 'x/y' } }
    : { module: { step: name, digest, size: size * (blob + 1), layers: ['bootstrap'] } };
  return {
    scope,
    place: { partition: `RESULT#${scope}#${key}`, sort: 'RESULT' },
    version: 1,
    result: {
      key,
      program: 'module',
      ...kept,
      facts: {},
      buildId: 'bld_1',
      at: '2026-01-01T00:00:00.000Z',
      lastUsedAt: new Date(now.getTime() - hoursAgo * hour).toISOString(),
    },
  };
}

const layer = (name: string, hoursAgo: number, blob: number, scope = 'ten_1') =>
  stored(name, { scope, hoursAgo, blob, size: 100, artifact: false });
const names = (results: readonly StoredResult[]) => results.map(({ result }) => result.key);
const choose = (results: readonly StoredResult[], limitBytes: number, needed = new Set<string>(), most = 1_000) =>
  chooseEvictions(results, needed, { limitBytes, now, most });

describe('eviction', () => {
  const old = layer('old', 90, 0);
  const older = layer('older', 100, 1);
  const fresh = layer('fresh', 2, 2);

  it('takes nothing while all fits', () => {
    expect(choose([old, older, fresh], 600)).toMatchObject({ bytes: 600, bytesAfter: 600, victims: [] });
  });

  it('takes what was not used for the longest time, and no more than is needed', () => {
    const { victims, bytesAfter } = choose([old, older, fresh], 500);
    expect([names(victims), bytesAfter]).toEqual([names([older]), 400]);
  });

  it('keeps each tenant, and what all share, within a limit of its own', () => {
    // A blob's number is its size: 100, 200, 300, 400 bytes.
    const [mine, theirs] = [layer('mine', 90, 0, 'ten_1'), layer('theirs', 100, 1, 'ten_2')];
    const [shared, newer] = [layer('shared', 110, 2, 'shared'), layer('newer', 80, 3, 'shared')];
    const all = [mine, theirs, shared, newer];
    const within = (rule: object) =>
      names(chooseEvictions(all, new Set(), { limitBytes: 10_000, now, most: 1_000, ...rule }).victims);
    expect(within({})).toEqual([]);
    expect(within({ limitBytesPerTenant: 150 })).toEqual(names([theirs]));
    expect(within({ limitBytesShared: 400 })).toEqual(names([shared]));
    expect(within({ limitBytesPerTenant: 99, limitBytesShared: 699 })).toEqual(names([shared, theirs, mine]));
    expect(within({ limitBytes: 700 })).toEqual(names([shared]));
  });

  it('takes nothing that a build needs, nor what was used within a day', () => {
    const needed = new Set([resultName('ten_1', older.result.key)]);
    const { victims, bytesAfter } = choose([old, older, fresh], 0, needed);
    expect([names(victims), bytesAfter]).toEqual([names([old]), 500]);
    expect(leaseMilliseconds).toBeGreaterThanOrEqual(25 * hour);
  });

  it('does not take a need in one scope for one in another', () => {
    const needed = new Set([resultName('ten_2', old.result.key)]);
    expect(names(choose([old], 0, needed).victims)).toEqual(names([old]));
  });

  it('counts a blob once, and as freed with the last result that points to it', () => {
    const [one, two] = [layer('one', 100, 0), layer('two', 90, 0)];
    expect(choose([one, two], 99)).toMatchObject({ bytes: 100, bytesAfter: 0 });
    expect(choose([one, two], 99).victims).toHaveLength(2);
    expect(choose([layer('one', 100, 0), layer('two', 90, 0, 'ten_2')], 199)).toMatchObject({
      bytes: 200,
      bytesAfter: 100,
    });
  });

  it('leaves artifacts, which users download', () => {
    const artifact = stored('iso', { scope: 'ten_1', hoursAgo: 1_000, blob: 5, size: 1_000_000, artifact: true });
    expect(choose([artifact], 0)).toEqual({ bytes: 0, bytesAfter: 0, victims: [] });
  });

  it('takes what nobody used for half a year also where there is room, pointers to artifacts too', () => {
    const artifact = stored('iso', { scope: 'ten_1', hoursAgo: 181 * 24, blob: 5, size: 10, artifact: true });
    const idle = layer('idle', 181 * 24, 6);
    const { victims, bytesAfter } = choose([old, idle, artifact], 1_000_000);
    expect([names(victims).sort(), bytesAfter]).toEqual([names([idle, artifact]).sort(), 100]);
    expect(choose([idle], 1_000_000, new Set([resultName('ten_1', idle.result.key)])).victims).toEqual([]);
  });

  it('keeps its promises whatever there is', () => {
    const drawn = fc.record({
      scope: fc.constantFrom('shared', 'ten_1', 'ten_2'),
      hoursAgo: fc.integer({ min: 0, max: 200 }),
      blob: fc.integer({ min: 0, max: 6 }),
      size: fc.constant(10),
      artifact: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(drawn, fc.boolean()), { maxLength: 30 }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 40 }),
        (all, limitBytes, most) => {
          const results = all.map(([one], position) => stored(`step ${position}`, one));
          const needed = new Set(
            results.filter((_, at) => all[at]?.[1] === true).map(({ scope, result }) => resultName(scope, result.key)),
          );
          const { bytes, bytesAfter, victims } = choose(results, limitBytes, needed, most);
          const left = results.filter((result) => !victims.includes(result));
          // What is told of the rest is what a count of the rest gives.
          expect(choose(left, Number.MAX_SAFE_INTEGER).bytes).toBe(bytesAfter);
          expect(bytes).toBeGreaterThanOrEqual(bytesAfter);
          expect(victims.length).toBeLessThanOrEqual(most);
          for (const { scope, result } of victims) {
            expect(needed.has(resultName(scope, result.key))).toBe(false);
            expect(now.getTime() - Date.parse(result.lastUsedAt ?? '')).toBeGreaterThan(leaseMilliseconds);
            expect(result.artifact).toBeUndefined();
          }
          // It stops short of the limit only where nothing more may go.
          if (bytesAfter > limitBytes && victims.length < most) expect(choose(left, 0, needed).victims).toEqual([]);
          // And goes on no longer than it must.
          if (victims.length > 0) {
            expect(choose(results, limitBytes, needed, victims.length - 1).bytesAfter).toBeGreaterThan(limitBytes);
          }
        },
      ),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { estimatePlan, noHistory } from '../../../core/plan/estimate.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { plannedUse } from '../../../core/quota/gate.ts';
import { builderMinutes, settledShares } from '../../../core/quota/settlement.ts';
import { quotaNames, tierNames, tiers } from '../../../core/quota/tiers.ts';
import { archive, examples, toolchain } from '../plan/plan-fixtures.ts';

const at = (minute: number, second = 0): string => new Date(Date.UTC(2026, 10, 26, 12, minute, second)).toISOString();

describe('minutes of builders', () => {
  it.each([
    ['none without attempts', [], 0],
    [
      'are of all attempts together, rounded up once',
      [
        [0, 1, 10],
        [0, 1, 10],
      ] as const,
      3,
    ],
    ['of an attempt that nobody ended last as long as the build', [[5, undefined, 0]] as const, 25],
  ])('%s', (_name, attempts, minutes) => {
    const ran = attempts.map(([from, to, second]) => ({
      preparedAt: at(from),
      ...(to === undefined ? {} : { endedAt: at(to, second) }),
    }));
    expect(builderMinutes(ran, at(30))).toBe(minutes);
  });

  it('are not of what the infrastructure took back', () => {
    const taken = { preparedAt: at(0), endedAt: at(20), ending: 'infrastructure' } as const;
    expect(builderMinutes([taken, { preparedAt: at(20), endedAt: at(21), ending: 'lost' }], at(30))).toBe(1);
  });
});

describe('a build that is over', () => {
  const day = { quota: 'buildsPerDay', period: '2026-11-25', amount: 1 } as const;
  const lease = { month: '2026-11-05', shares: [day, { quota: 'storedBytes', period: 'all', amount: 900 }] } as const;
  const used = { minutes: 4, images: 1, bytes: 700 } as const;
  const stored = [
    { quota: 'buildMinutesPerMonth', period: '2026-11-05', amount: 4 },
    { quota: 'images', period: 'all', amount: 1 },
    { quota: 'storedBytes', period: 'all', amount: 700 },
  ];
  const failed = { quota: 'failedBuildsPerDay', period: '2026-11-26', amount: 1 };
  const failure = (code: string) => ({ code, reason: 'so', logTail: [] });

  it.each([
    ['succeeded', undefined, [day]],
    ['cancelled', undefined, [day]],
    ['rejected', undefined, [day]],
    ['failed', 'script.failed', [failed]],
    ['failed', 'builder.lost', [failed]],
    ['failed', 'builder.result_invalid', [failed]],
    ['failed', 'quota.exceeded', [failed]],
    ['failed', 'builder.infrastructure', []],
    ['failed', 'archive.unreachable', []],
    ['failed', 'internal.error', []],
    ['failed', 'a.code.of.tomorrow', []],
    ['failed', undefined, []],
  ] as const)('%s with %s counts on the day on which it should', (state, code, expected) => {
    const build = { state, endedAt: at(0), ...(code === undefined ? {} : { failure: failure(code) }) };
    const shares = settledShares({ ...lease, shares: [...lease.shares] }, build, used);
    expect(shares).toEqual([...expected, ...stored]);
  });

  it('holds nothing of what it did not come to', () => {
    const nothing = { minutes: 0, images: 0, bytes: 0 } as const;
    expect(settledShares({ shares: [] }, { state: 'cancelled', endedAt: at(0) }, nothing)).toEqual([]);
  });
});

describe('a plan', () => {
  const spec = examples['declarative only'];
  if (spec === undefined) throw new Error('the example is missing');
  const plan = makePlan({ spec, archive, toolchain });

  it('uses what its estimate says: minutes of all builders, one image, its artifacts', () => {
    const estimate = estimatePlan(plan, { cached: new Map(), history: noHistory });
    const use = plannedUse({}, plan, estimate);
    const seconds = [...estimate.schedule.stageSeconds.values()].reduce((sum, value) => sum + value, 0);
    expect(use).toEqual({
      ...{ buildMinutesPerMonth: Math.ceil(seconds / 60), images: 1, storedBytes: estimate.total.bytes },
    });
    expect(use.buildMinutesPerMonth).toBeGreaterThan(0);
    expect(use.storedBytes).toBeGreaterThan(1_000_000);
    expect(plannedUse({ purpose: 'verify' }, plan, estimate)).toMatchObject({ images: 0, storedBytes: 0 });
  });

  it('that is cached whole uses no minute, and stores its image all the same', () => {
    const cached = new Map(plan.steps.map(({ key }) => [key, 1_000]));
    const use = plannedUse({}, plan, estimatePlan(plan, { cached, history: noHistory }));
    expect(use).toEqual({ buildMinutesPerMonth: 0, images: 1, storedBytes: 1_000 * plan.artifacts.length });
  });
});

it('a larger tier has more of everything', () => {
  const [free, team, business, unlimited] = tierNames.map((name) => tiers[name]);
  for (const quota of quotaNames) {
    const most = [free, team, business].map((tier) => (tier as Partial<Record<string, number>>)[quota] ?? 0);
    expect(most).toEqual([...most].sort((a, b) => a - b));
    expect(new Set(most).size).toBe(3);
  }
  expect(unlimited).toEqual({});
});

import { describe, expect, it } from 'vitest';
import { type BuildRecord, buildRecordSchema } from '../../../core/builds/build-record.ts';
import { estimateView } from '../../../core/builds/estimate-view.ts';
import { costTable } from '../../../core/plan/cost-table.ts';
import {
  buildEstimateSchema,
  estimatePlan,
  historyName,
  noHistory,
  type RunHistory,
} from '../../../core/plan/estimate.ts';
import { specWith } from './plan-fixtures.ts';
import { planOf } from './random-spec.ts';

const plan = planOf(
  specWith({ packages: { install: ['jq'] }, steps: [{ id: 'site', run: 'true', timeoutSeconds: 40 }] }),
);
const nothing = new Map<string, number>();
const median = (value: number, runs = 3) => ({ median: value, runs });
const history = (parts: Partial<RunHistory>): RunHistory => ({ ...noHistory, ...parts });
const keysOf = (wanted: (id: string) => boolean) =>
  new Map(plan.steps.filter((step) => wanted(step.id)).map((step) => [step.key, 1_000]));

describe('an estimate', () => {
  it('takes each figure from the nearest source: cache, own runs, runs of the program, table', () => {
    const known = {
      cached: keysOf((id) => id === 'bootstrap'),
      history: history({
        programs: new Map([['packages', { seconds: median(8, 5), bytes: median(7_000, 4) }]]),
        steps: new Map([[historyName({ program: 'packages', id: 'kernel' }), { seconds: median(3) }]]),
      }),
    };
    const { steps, total } = estimatePlan(plan, known);
    expect(steps.get('bootstrap')).toEqual({
      seconds: { value: 0, from: 'cache', runs: 0 },
      bytes: { value: 1_000, from: 'cache', runs: 0 },
    });
    expect(steps.get('kernel')?.seconds).toEqual({ value: 3, from: 'history', runs: 3 });
    expect(steps.get('packages')?.seconds).toEqual({ value: 8, from: 'history', runs: 5 });
    expect(steps.get('packages')?.bytes).toEqual({ value: 7_000, from: 'history', runs: 4 });
    // A script's own bound is all that the table has of it.
    expect(steps.get('site')?.seconds).toEqual({ value: 10, from: 'table', runs: 0 });
    expect(total.sources).toEqual({ cache: 1, history: 2, table: plan.steps.length - 3 });
    expect(buildEstimateSchema.parse(total)).toEqual(total);
  });

  it('does not take the runs of another program under the same id for its own', () => {
    const steps = new Map([['iso/site', { seconds: median(3) }]]);
    const { steps: found } = estimatePlan(plan, { cached: nothing, history: history({ steps }) });
    expect(found.get('site')?.seconds.from).toBe('table');
  });

  it('sizes what packs others by them', () => {
    const { steps, total } = estimatePlan(plan, { cached: nothing, history: noHistory });
    const bytes = (id: string) => steps.get(id)?.bytes.value ?? 0;
    expect(bytes('module.kernel')).toBeCloseTo(1.08 * bytes('kernel'), 0);
    const modules = plan.steps.filter((step) => step.produces === 'module').map((step) => step.id);
    expect(bytes('iso')).toBeGreaterThan(modules.reduce((sum, id) => sum + bytes(id), 0));
    expect(total.bytes).toBe(Math.round(bytes('iso')));
  });

  it('adds up starts and steps along the critical path, and bills a minute at least', () => {
    const known = { cached: nothing, history: history({ stageStart: median(1) }) };
    const { schedule, total, steps } = estimatePlan(plan, known);
    const path = schedule.criticalPath.reduce((sum, id) => sum + (steps.get(id)?.seconds.value ?? 0), 0);
    expect(plan.stages).toHaveLength(3);
    expect(total.seconds).toBeCloseTo(path + 3 * 1, 2);
    const rates = Object.values(total.dollarsPerSecond);
    expect(total.dollars).toBeGreaterThan(rates.reduce((sum, rate) => sum + 60 * rate, 0));
  });

  it('takes Fargate’s start where there is no history, and nothing of it where all is cached', () => {
    const cold = estimatePlan(plan, { cached: nothing, history: noHistory });
    expect(cold.stageStart).toMatchObject({ from: 'table' });
    expect(cold.total.seconds).toBeGreaterThan(3 * costTable.taskStartSeconds);
    const warm = estimatePlan(plan, { cached: keysOf(() => true), history: noHistory });
    expect(warm.total).toMatchObject({ seconds: 0.15, sources: { history: 0, table: 0 } });
    expect(warm.schedule.criticalPath).toEqual([]);
    expect(warm.total.dollars).toBeLessThan(0.001);
    expect(warm.storedBytes).toBe(0);
  });

  it('starts no builder for a stage that is cached', () => {
    const { total } = estimatePlan(plan, { cached: nothing, history: noHistory });
    const base = new Set(plan.stages[0]?.steps);
    const warm = estimatePlan(plan, { cached: keysOf((id) => base.has(id)), history: noHistory });
    expect(total.seconds - warm.total.seconds).toBeGreaterThan(costTable.taskStartSeconds);
    expect(total.dollars).toBeGreaterThan(warm.total.dollars);
  });
});

describe('the estimate of a build', () => {
  const build = (members: Partial<BuildRecord>): BuildRecord =>
    buildRecordSchema.parse({
      id: 'bld_1',
      tenantId: 'ten_1',
      keyId: 'key_1',
      name: 'example',
      state: 'succeeded',
      specDigest: 'a'.repeat(64),
      submittedAt: '2026-11-26T00:00:00.000Z',
      startedAt: '2026-11-26T00:00:10.000Z',
      endedAt: '2026-11-26T00:02:10.000Z',
      estimate: {
        seconds: 150,
        bytes: 500,
        dollars: 0.004,
        sources: { cache: 0, history: 1, table: 2 },
        dollarsPerSecond: { s1: 0.00002 },
      },
      ...members,
    });
  const ran = {
    stages: [
      {
        id: 's1',
        state: 'succeeded' as const,
        trust: 'service' as const,
        steps: ['tar'],
        needs: [],
        dependents: [],
        attempt: 1,
        retries: { infrastructure: 0, lost: 0 },
      },
    ],
    attempts: [
      {
        stage: 's1',
        attempt: 1,
        ticketHash: 'b'.repeat(64),
        state: 'ended' as const,
        trust: 'service' as const,
        steps: ['tar'],
        blobs: {},
        preparedAt: '2026-11-26T00:00:11.000Z',
        endedAt: '2026-11-26T00:01:51.000Z',
      },
    ],
    artifacts: [
      { name: 'a.tar.zst', type: 'tar' as const, step: 'tar', size: 1_000, sha256: 'c'.repeat(64), mediaType: 'x/y' },
    ],
  };

  it('is held against what happened', () => {
    const view = estimateView(build({}), ran);
    // 100 s of the builder at the price of its stage, and 8 transitions: 2 of the build, 5 of the stage, 1 as it ran.
    expect(view?.actual).toEqual({ seconds: 120, bytes: 1_000, dollars: 0.0022 });
    expect(view?.error).toEqual({ seconds: 0.25, bytes: -0.5, dollars: 0.818 });
  });

  it('stands alone until the build has succeeded, and is absent where nothing was planned', () => {
    expect(Object.keys(estimateView(build({ state: 'failed' }), ran) ?? {})).toEqual(['estimated']);
    const { estimate: _, ...unplanned } = build({});
    expect(estimateView(unplanned, ran)).toBeUndefined();
  });
});

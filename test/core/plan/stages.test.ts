import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costTable, programCost, tableSeconds } from '../../../core/plan/cost-table.ts';
import type { PlanStage, PlanStep } from '../../../core/plan/plan.ts';
import { programs } from '../../../core/plan/programs/catalogue.ts';
import { scheduleOf } from '../../../core/plan/schedule.ts';
import { dollarsPerSecond, fargatePair } from '../../../core/plan/sizing.ts';
import { fuseStages } from '../../../core/plan/stages.ts';
import { fullSpec, planOf } from './random-spec.ts';
import { randomSteps, scriptStep, stepWith } from './random-steps.ts';

const outline = (stages: readonly PlanStage[]): string[] =>
  stages.map((stage) => `${stage.id} ${stage.trust}: ${stage.steps.join(' ')} <- ${stage.needs.join(' ')}`.trim());

/** What must hold of the stages of any steps. */
function expectSound(steps: readonly PlanStep[], stages: readonly PlanStage[]): void {
  const stageOf = new Map(stages.flatMap((stage, at) => stage.steps.map((id) => [id, at] as const)));
  const place = new Map(stages.flatMap((stage) => stage.steps).map((id, at) => [id, at]));
  const byId = new Map(steps.map((step) => [step.id, step]));
  expect([...place.keys()].sort()).toEqual(steps.map((step) => step.id).sort());
  expect(stages.map((stage) => stage.id)).toEqual(stages.map((_, at) => `s${at + 1}`));
  for (const [at, stage] of stages.entries()) {
    const wanted = new Set<string>();
    for (const id of stage.steps) {
      for (const need of byId.get(id)?.needs ?? []) {
        const from = stageOf.get(need) ?? -1;
        // In the same stage before it, or in a stage that is settled before this one starts.
        if (from === at) expect(place.get(need)).toBeLessThan(place.get(id) ?? -1);
        else wanted.add(`s${from + 1}`);
      }
    }
    expect([...stage.needs].sort()).toEqual([...wanted].sort());
    for (const need of stage.needs) expect(Number(need.slice(1))).toBeLessThan(at + 1);
    const trusts = stage.steps.map((id) => byId.get(id)?.trust);
    if (trusts.includes('tenant')) expect(new Set(trusts)).toEqual(new Set(['tenant']));
  }
  expect(stages.length).toBeLessThanOrEqual(40);
}

describe('stages', () => {
  it('hold every step once, after all that it needs, and no tenant step beside another class (property)', () => {
    fc.assert(
      fc.property(randomSteps(40), (steps) => {
        const before = structuredClone(steps);
        let stages: PlanStage[];
        try {
          stages = fuseStages(steps);
        } catch (error) {
          expect(error).toMatchObject({ code: 'plan.too_large' });
          return;
        }
        expectSound(steps, stages);
        expect(steps).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('are sound for specs too, and the same for the same steps (property)', () => {
    fc.assert(
      fc.property(fullSpec, (spec) => {
        const plan = planOf(spec);
        expectSound(plan.steps, plan.stages);
        expect(fuseStages(plan.steps)).toEqual(plan.stages);
      }),
      { numRuns: 60 },
    );
  });

  it('hold the side branches and modules of the engine, and end where a tenant begins', () => {
    const service = { trust: 'service' as const, program: 'packages' };
    const module = { trust: 'seal' as const, program: 'module', produces: 'module' as const };
    const steps = [
      stepWith({ id: 'bootstrap', ...service }),
      stepWith({ id: 'kernel', ...service, needs: ['bootstrap'] }),
      stepWith({ id: 'initramfs', ...service, needs: ['kernel'] }),
      stepWith({ id: 'packages', ...service, needs: ['kernel'] }),
      scriptStep('site', ['packages', 'initramfs']),
      stepWith({ id: 'module.base', ...module, needs: ['packages'] }),
      stepWith({ id: 'module.site', ...module, needs: ['site'] }),
      stepWith({
        id: 'iso',
        trust: 'seal',
        program: 'iso',
        produces: 'artifact',
        needs: ['module.base', 'module.site'],
      }),
      stepWith({ id: 'tar', trust: 'seal', program: 'tar', produces: 'artifact', needs: ['site'] }),
    ];
    expect(outline(fuseStages(steps))).toEqual([
      's1 service: bootstrap kernel initramfs packages module.base <-',
      's2 tenant: site <- s1',
      's3 seal: module.site iso tar <- s1 s2',
    ]);
  });

  it('are sound however freely steps are fused: each its own, or all that trust allows (property)', () => {
    const trustChanges = (steps: readonly PlanStep[]): boolean =>
      new Set(steps.map((step) => step.trust === 'tenant')).size > 1;
    fc.assert(
      fc.property(randomSteps(40), (steps) => {
        const apart = fuseStages(steps, 'never');
        expectSound(steps, apart);
        expect(apart.map((stage) => stage.steps)).toEqual(steps.map((step) => [step.id]));
        const together = fuseStages(steps, 'always');
        expectSound(steps, together);
        if (!trustChanges(steps)) expect(together).toHaveLength(1);
        expect(together.length).toBeLessThanOrEqual(fuseStages(steps).length);
      }),
      { numRuns: 200 },
    );
  });

  it('run long branches side by side and short ones one after another', () => {
    const diamond = (seconds: number) => [
      scriptStep('top', [], 60),
      scriptStep('left', ['top'], seconds),
      scriptStep('right', ['top'], seconds),
      scriptStep('join', ['left', 'right'], 60),
    ];
    expect(outline(fuseStages(diamond(600)))).toEqual([
      's1 tenant: top <-',
      's2 tenant: left <- s1',
      's3 tenant: right <- s1',
      's4 tenant: join <- s2 s3',
    ]);
    expect(outline(fuseStages(diamond(300)))).toEqual(['s1 tenant: top left right join <-']);
  });

  it('split branches exactly where that saves more than the starts that it adds', () => {
    const price = costTable.taskStartSeconds;
    const branches = (bound: number) => ['a', 'b'].map((id) => scriptStep(id, [], bound));
    // A quarter of the bound is what a script is thought to take; a second stage must save more than its start.
    expect(tableSeconds(scriptStep('a', [], 4 * price))).toBe(price);
    expect(fuseStages(branches(4 * price))).toHaveLength(1);
    expect(fuseStages(branches(4 * price + 4))).toHaveLength(2);
  });

  it('are at most 40 for 500 steps of any shape', () => {
    const shapes: Record<string, (at: number) => number[]> = {
      chain: (at) => [at - 1],
      wide: () => [],
      tree: (at) => [(at - 1) >> 1],
      ladder: (at) => (at % 3 === 0 ? [at - 1, at - 2] : [at - (at % 3)]),
      mesh: (at) => [at - 20, at - 7],
    };
    for (const [name, needsOf] of Object.entries(shapes)) {
      const steps = Array.from({ length: 500 }, (_, at) => {
        const needs = at === 0 ? [] : needsOf(at).filter((need) => need >= 0);
        return scriptStep(
          `u${at}`,
          needs.map((need) => `u${need}`),
          3_600,
        );
      });
      const stages = fuseStages(steps);
      expectSound(steps, stages);
      if (name === 'chain') expect(stages).toHaveLength(1);
    }
  });

  it('refuse steps whose trust changes more often than a plan has stages', () => {
    const steps = Array.from({ length: 41 }, (_, at) =>
      stepWith({ id: `u${at}`, trust: at % 2 === 0 ? 'service' : 'tenant', needs: at === 0 ? [] : [`u${at - 1}`] }),
    );
    expect(fuseStages(steps.slice(0, 40))).toHaveLength(40);
    expect(() => fuseStages(steps)).toThrow(expect.objectContaining({ code: 'plan.too_large' }));
  });

  it('refuse steps that are not sorted', () => {
    expect(() => fuseStages([scriptStep('a', ['b']), scriptStep('b', [])])).toThrow('does not stand before');
  });
});

describe('the schedule', () => {
  it('is never shorter than any way through the needs, and follows one (property)', () => {
    fc.assert(
      fc.property(randomSteps(25), (steps) => {
        const stages = fuseStages(steps);
        const seconds = new Map(steps.map((step) => [step.id, tableSeconds(step)]));
        const starts = new Map(stages.map((stage) => [stage.id, 45]));
        const schedule = scheduleOf({ steps, stages }, { steps: seconds, stageStarts: starts, idleStage: 0 });
        const ways = new Map<string, number>();
        for (const step of steps) {
          const below = Math.max(0, ...step.needs.map((need) => ways.get(need) ?? 0));
          ways.set(step.id, below + (seconds.get(step.id) ?? 0));
        }
        expect(schedule.seconds).toBeGreaterThanOrEqual(Math.max(...ways.values()) + 45);
        const path = schedule.criticalPath;
        const stagesOnPath = new Set(path.map((id) => stages.find((stage) => stage.steps.includes(id))?.id));
        const along = path.reduce((sum, id) => sum + (seconds.get(id) ?? 0), 0) + 45 * stagesOnPath.size;
        expect(along).toBeCloseTo(schedule.seconds, 6);
      }),
      { numRuns: 200 },
    );
  });

  it('runs side branches of the engine at once, tenant steps one after another, and cached steps not at all', () => {
    const branch = (trust: 'service' | 'tenant') =>
      ['base', 'one', 'two'].map((id) => stepWith({ id, trust, needs: id === 'base' ? [] : ['base'] }));
    const timed = (trust: 'service' | 'tenant', ids: readonly string[]) => {
      const steps = branch(trust);
      const stages = fuseStages(steps.map((step) => ({ ...step, options: { timeoutSeconds: 4 } })));
      expect(stages).toHaveLength(1);
      return scheduleOf(
        { steps, stages },
        { steps: new Map(ids.map((id) => [id, 10])), stageStarts: new Map([['s1', 5]]), idleStage: 1 },
      );
    };
    expect(timed('service', ['base', 'one', 'two']).seconds).toBe(25);
    expect(timed('tenant', ['base', 'one', 'two']).seconds).toBe(35);
    expect(timed('tenant', ['two'])).toMatchObject({ seconds: 15, criticalPath: ['two'] });
    expect(timed('tenant', [])).toMatchObject({ seconds: 1, criticalPath: [] });
  });
});

describe('sizes', () => {
  it('are pairs that Fargate takes, at least what is asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 122_880 }), (vcpu, memoryMiB) => {
        const pair = fargatePair(vcpu, memoryMiB);
        const { from, to, step } = Object.entries(costTable.fargateMemoryGiB).find(
          ([name]) => Number(name) === pair.vcpu,
        )?.[1] ?? { from: 0, to: -1, step: 1 };
        const gib = pair.memoryMiB / 1_024;
        expect(gib).toBeGreaterThanOrEqual(from);
        expect(gib).toBeLessThanOrEqual(to);
        expect((gib - from) % step).toBe(0);
        expect(pair.vcpu).toBeGreaterThanOrEqual(vcpu);
        expect(pair.memoryMiB).toBeGreaterThanOrEqual(memoryMiB);
      }),
    );
    expect(fargatePair(2, 200_000)).toEqual({ vcpu: 16, memoryMiB: 122_880 });
  });

  it('of every plan are within what Fargate takes (property)', () => {
    fc.assert(
      fc.property(fullSpec, (spec) => {
        for (const { size } of planOf(spec).stages) {
          expect(fargatePair(size.vcpu, size.memoryMiB)).toEqual({ vcpu: size.vcpu, memoryMiB: size.memoryMiB });
          expect(size.diskGiB).toBeGreaterThanOrEqual(21);
          expect(size.diskGiB).toBeLessThanOrEqual(200);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('cost by the second what the table says', () => {
    const size = { vcpu: 2, memoryMiB: 4_096, diskGiB: 20 };
    expect(dollarsPerSecond(size, 'amd64') * 3_600).toBeCloseTo(2 * 0.0404784 + 4 * 0.004445, 6);
    expect(dollarsPerSecond(size, 'arm64') / dollarsPerSecond(size, 'amd64')).toBeCloseTo(0.8, 6);
    expect(dollarsPerSecond({ ...size, diskGiB: 40 }, 'amd64')).toBeGreaterThan(dollarsPerSecond(size, 'amd64'));
  });
});

describe('the cost table', () => {
  it('has a row for every program', () => {
    expect(
      Object.keys(programs).filter((name) => programCost({ program: name, id: name }) === costTable.otherProgram),
    ).toEqual([]);
  });
});

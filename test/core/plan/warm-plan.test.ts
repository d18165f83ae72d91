import { describe, expect, it } from 'vitest';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { planSchema } from '../../../core/plan/plan.ts';
import { warmPlan } from '../../../core/plan/warm-plan.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import { presets } from '../../../functions/shared/presets.ts';
import { archive, examples, toolchain } from './plan-fixtures.ts';

const specs = {
  ...examples,
  ...Object.fromEntries(presets.map(({ name, spec }) => [`preset ${name}`, resolvedSpecSchema.parse(spec)])),
};

describe('the plan of a warming', () => {
  it.each(Object.entries(specs))('of %s is the shared part of the whole plan, under the same keys', (_name, spec) => {
    const whole = makePlan({ spec, archive, toolchain });
    const warm = warmPlan(whole);
    expect(planSchema.parse(warm)).toEqual(warm);
    expect(warm.steps).toEqual(whole.steps.filter(({ scope }) => scope === 'shared'));
    expect(warm.steps.length).toBeGreaterThan(0);
    expect(warm.stages.flatMap(({ steps }) => steps).sort()).toEqual(warm.steps.map(({ id }) => id).sort());
    expect(warm.stages.every(({ trust }) => trust !== 'tenant')).toBe(true);
    expect(warm.artifacts).toEqual([]);
    expect(warmPlan(warm)).toEqual(warm);
  });

  it('holds bootstrap, kernel, initramfs, packages and their modules of an ISO', () => {
    const spec = resolvedSpecSchema.parse(presets.find(({ name }) => name === 'minimal')?.spec);
    const ids = warmPlan(makePlan({ spec, archive, toolchain })).steps.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['bootstrap', 'kernel', 'initramfs', 'packages', 'module.packages']));
  });
});

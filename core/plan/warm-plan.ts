import type { Plan } from './plan.ts';
import { type Fusing, fuseStages } from './stages.ts';

/**
 * The part of a plan that makes what all tenants share: the steps that hold no byte of a tenant, with the keys that
 * they have in the whole plan, cut into stages of their own. It makes no artifact.
 */
export function warmPlan(plan: Plan, fusing?: Fusing): Plan {
  const shared = new Set<string>();
  for (const step of plan.steps) {
    if (step.scope === 'shared' && step.needs.every((need) => shared.has(need))) shared.add(step.id);
  }
  const steps = plan.steps.filter((step) => shared.has(step.id));
  return { ...plan, steps, stages: fuseStages(steps, fusing), artifacts: [] };
}

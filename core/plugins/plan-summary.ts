import type { Plan } from '../plan/plan.ts';
import type { PlanPreview } from '../plan/preview.ts';
import type { HookInput } from './contracts.ts';

/**
 * What planPolicy is told of a plan and its cost. Keys, digests of inputs and the archive's state are left out: they say
 * what is in the cache, and nothing that a policy is about.
 */
export function planSummaryOf(
  preview: PlanPreview,
  { artifacts }: Pick<Plan, 'artifacts'>,
): Pick<HookInput<'planPolicy'>, 'plan' | 'cost'> {
  const { planDigest: digest, hits, misses, stages, steps, estimate } = preview;
  return {
    plan: {
      ...{ digest, hits, misses },
      stages: stages.map(({ id, trust, runs, seconds }) => ({ id, trust, runs, seconds })),
      steps: steps.map(({ id, program, label, stage, trust, needs, hit }) => ({
        ...{ id, program, label, stage, trust, needs: [...needs], hit },
      })),
      artifacts: artifacts.map(({ name, type }) => ({ name, type })),
    },
    cost: { seconds: estimate.seconds, bytes: estimate.bytes, micros: Math.round(estimate.dollars * 1_000_000) },
  };
}

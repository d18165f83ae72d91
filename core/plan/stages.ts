import type { TrustClass } from '../builds/manifest.ts';
import { EngineError } from '../errors.ts';
import { costTable, tableSeconds } from './cost-table.ts';
import type { PlanStage, PlanStep } from './plan.ts';
import { sizeOf } from './sizing.ts';
import { splitOf } from './split-part.ts';
import { partsOf, positionsOfNeeds, stageLimit } from './step-graph.ts';

/**
 * How freely steps are put together: as the cost table says, each on its own, or all that trust allows. Every
 * installation fuses by cost; the other two show that the same bytes come out.
 */
export const fusings = ['by-cost', 'never', 'always'] as const;
export type Fusing = (typeof fusings)[number];

/**
 * Fuses steps into stages, each a part of the steps of one family (engine: service and seal; tenant) that runs in one
 * builder. The steps are cut where trust changes; what is left is one stage unless stages beside each other save more,
 * by the cost table, than the task's start that each of them costs. Where that gives more stages than a plan may have,
 * a stage must save more, until they fit. Nothing of it enters a key: fused or not, the same bytes come out.
 * @param steps topologically sorted
 * @returns topologically sorted
 * @throws EngineError plan.too_large where trust changes too often on the way through the steps
 */
export function fuseStages(steps: readonly PlanStep[], fusing: Fusing = 'by-cost'): PlanStage[] {
  const needs = positionsOfNeeds(steps);
  const groups = groupsOf(steps, needs, fusing);
  if (groups.length > stageLimit) {
    throw new EngineError('plan.too_large', `The plan has ${groups.length} stages; ${stageLimit} are allowed.`);
  }
  return stagesOf(steps, needs, groups);
}

function groupsOf(
  steps: readonly PlanStep[],
  needs: readonly (readonly number[])[],
  fusing: Fusing,
): readonly (readonly number[])[] {
  if (fusing === 'never') return steps.map((_, position) => [position]);
  const parts = partsOf(steps, needs);
  if (fusing === 'always') return parts.map((part) => part.steps);
  const seconds = steps.map((step) => tableSeconds(step));
  const splits = parts.map((part) => splitOf(part, needs, seconds));
  const everything = seconds.reduce((sum, value) => sum + value, 0);
  let groups: readonly (readonly number[])[];
  let price: number = costTable.taskStartSeconds;
  do {
    groups = splits.flatMap((split) => split.stages(price));
    price *= 2;
    // A stage that must save more than all there is to do is made nowhere: then nothing more can be fused.
  } while (groups.length > stageLimit && price <= 4 * everything + 4 * costTable.taskStartSeconds);
  return groups;
}

function stagesOf(
  steps: readonly PlanStep[],
  needs: readonly (readonly number[])[],
  groups: readonly (readonly number[])[],
): PlanStage[] {
  const groupOf = new Map(groups.flatMap((group, index) => group.map((step) => [step, index] as const)));
  return groups.map((group, index) => {
    const own = group.flatMap((position) => steps[position] ?? []);
    const from = new Set(group.flatMap((step) => needs[step] ?? []).map((need) => groupOf.get(need) ?? index));
    from.delete(index);
    const trust = stageTrust(own);
    return {
      id: `s${index + 1}`,
      trust,
      steps: own.map((step) => step.id),
      needs: [...from].sort((a, b) => a - b).map((other) => `s${other + 1}`),
      size: sizeOf(own, trust !== 'tenant' && branches(group, needs)),
    };
  });
}

/** Whether two steps of a stage can run at the same time: they are no chain. */
function branches(group: readonly number[], needs: readonly (readonly number[])[]): boolean {
  return group.some((step, place) => place > 0 && !(needs[step] ?? []).includes(group[place - 1] ?? -1));
}

function stageTrust(steps: readonly PlanStep[]): TrustClass {
  if (steps.some((step) => step.trust === 'tenant')) return 'tenant';
  return steps.some((step) => step.trust === 'service') ? 'service' : 'seal';
}

/** The steps whose layers make up the tree in which `step` runs, lowest first: all it needs, directly or not. */
export function ancestorsOf(steps: readonly PlanStep[], step: PlanStep): PlanStep[] {
  const byId = new Map(steps.map((candidate) => [candidate.id, candidate]));
  const wanted = new Set<string>();
  const visit = (id: string): void => {
    if (wanted.has(id)) return;
    wanted.add(id);
    for (const need of byId.get(id)?.needs ?? []) visit(need);
  };
  for (const need of step.needs) visit(need);
  return steps.filter((candidate) => wanted.has(candidate.id) && candidate.produces === 'layer');
}

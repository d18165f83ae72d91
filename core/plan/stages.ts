import type { TrustClass } from '../builds/manifest.ts';
import type { PlanStage, PlanStep } from './plan.ts';

/**
 * Size of a builder, by what it does: measured on the reference image (docs/performance.md). Fargate's pairs of vCPU
 * and memory; the disk holds tree, layers and scratch.
 */
const stageSize = { vcpu: 2, memoryMiB: 8_192, diskGiB: 40 } as const;

/** Service and seal run no tenant code and may share a builder; a tenant step never shares one with either. */
function family(trust: TrustClass): 'tenant' | 'engine' {
  return trust === 'tenant' ? 'tenant' : 'engine';
}

/**
 * Fuses steps into stages: a step joins the stage of its only parent where that step is the stage's last layer, both
 * are of one family, and no other layer grows on that parent; exports of one tree share a stage. A chain is one task,
 * since a task's start costs 20 to 70 s on Fargate.
 */
export function fuseStages(steps: readonly PlanStep[]): PlanStage[] {
  const groups: { id: string; steps: PlanStep[] }[] = [];
  const groupOf = new Map<string, { id: string; steps: PlanStep[] }>();
  const layerChildren = new Map<string, number>();
  for (const step of steps) {
    if (step.produces !== 'layer') continue;
    for (const need of step.needs) layerChildren.set(need, (layerChildren.get(need) ?? 0) + 1);
  }
  for (const step of steps) {
    const home = homeOf(step);
    if (home === undefined) {
      const group = { id: `s${groups.length + 1}`, steps: [step] };
      groups.push(group);
      groupOf.set(step.id, group);
    } else {
      home.steps.push(step);
      groupOf.set(step.id, home);
    }
  }
  return groups.map((group) => {
    const own = new Set(group.steps.map((step) => step.id));
    const needs = new Set<string>();
    for (const step of group.steps) {
      for (const need of step.needs) {
        const from = groupOf.get(need);
        if (from !== undefined && !own.has(need)) needs.add(from.id);
      }
    }
    return {
      id: group.id,
      trust: stageTrust(group.steps),
      steps: group.steps.map((step) => step.id),
      needs: [...needs].sort(byNumber),
      size: stageSize,
    };
  });

  function homeOf(step: PlanStep): { id: string; steps: PlanStep[] } | undefined {
    const fits = (group: { steps: PlanStep[] } | undefined): group is { id: string; steps: PlanStep[] } => {
      const first = group?.steps[0];
      return first !== undefined && family(first.trust) === family(step.trust);
    };
    const parent = step.needs.length === 1 ? groupOf.get(step.needs[0] ?? '') : undefined;
    if (fits(parent)) {
      const lastLayer = parent.steps.findLast((candidate) => candidate.produces === 'layer');
      const grows = step.produces === 'layer' && (layerChildren.get(step.needs[0] ?? '') ?? 0) > 1;
      const sealed = parent.steps.some((candidate) => candidate.produces === 'artifact');
      if (lastLayer?.id === step.needs[0] && !grows && !(sealed && step.produces === 'layer')) return parent;
    }
    if (step.produces !== 'artifact') return undefined;
    // Another export of the very tree that an export's stage has already unpacked.
    const wanted = [...step.needs].sort().join();
    return groups.find(
      (group) =>
        fits(group) &&
        group.steps.every((other) => other.produces === 'artifact' && [...other.needs].sort().join() === wanted),
    );
  }
}

function stageTrust(steps: readonly PlanStep[]): TrustClass {
  if (steps.some((step) => step.trust === 'tenant')) return 'tenant';
  return steps.some((step) => step.trust === 'service') ? 'service' : 'seal';
}

function byNumber(a: string, b: string): number {
  return Number(a.slice(1)) - Number(b.slice(1));
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

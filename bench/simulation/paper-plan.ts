import type { ArchiveState } from '../../core/plan/archive-state.ts';
import { makePlan } from '../../core/plan/make-plan.ts';
import type { Plan, PlanStage } from '../../core/plan/plan.ts';
import { resolvedSpecSchema } from '../../core/spec/resolve.ts';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import type { StageGraph } from './graph-shapes.ts';

/** The archive of the simulation: nobody asks it for a package. */
export const paperArchive: ArchiveState = {
  suites: [
    {
      uri: 'http://archive.invalid/debian',
      suite: 'trixie',
      components: ['main'],
      indexes: { 'main/binary-amd64/Packages': 'a'.repeat(64) },
      date: 1_764_000_000,
    },
  ],
};

/** A spec with a script for each node of a graph. Its name is in every script, so that builds share no result. */
export function paperSpec(name: string, graph: StageGraph): ResolvedSpec {
  return resolvedSpecSchema.parse({
    schemaVersion: 1,
    name,
    base: { release: 'trixie', architecture: 'amd64' },
    packages: { install: ['openssh-server'] },
    groups: [{ name: 'deploy' }],
    users: [{ name: 'ops', groups: ['deploy'] }],
    files: [{ path: '/etc/motd', content: `${name}\n` }],
    services: { enable: ['ssh'] },
    steps: graph.map((needs, node) => ({
      id: `n${node}`,
      run: `echo ${name} ${node}`,
      needs: needs.map((need) => `n${need}`),
    })),
    outputs: [{ type: 'tar' }],
  });
}

/** The plan of a spec with each step in a stage of its own: the most stages that it can have. */
export function unfusedPlan(spec: ResolvedSpec, toolchain: string): Plan {
  const plan = makePlan({ spec, archive: paperArchive, toolchain });
  const size = plan.stages[0]?.size;
  if (size === undefined) throw new Error('a plan has a stage');
  const stageOf = new Map(plan.steps.map((step, number) => [step.id, `s${number + 1}`]));
  const stages = plan.steps.map(
    (step): PlanStage => ({
      id: stageOf.get(step.id) ?? '',
      trust: step.trust,
      steps: [step.id],
      needs: step.needs.map((need) => stageOf.get(need) ?? ''),
      size,
    }),
  );
  return { ...plan, stages };
}

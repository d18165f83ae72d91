import { z } from 'zod';
import type { Reach } from '../access/reach.ts';
import { listBuildsWithin } from '../builds/build-lists.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { findPlan } from '../builds/plan-store.ts';
import { listSteps } from '../builds/stage-repository.ts';
import { EngineError } from '../errors.ts';
import { explainPlan } from '../plan/explain.ts';
import type { Plan } from '../plan/plan.ts';
import { missReasonView, missReasonViewSchema } from '../plan/preview.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table } from '../ports/table.ts';
import { workOf } from '../sharing/work-of.ts';

export const buildExplanationSchema = z
  .strictObject({
    build: z.string(),
    name: z.string(),
    comparedWith: z.string().optional().describe('The build of the same name that was planned before it.'),
    steps: z.array(
      z.strictObject({
        id: z.string(),
        program: z.string(),
        key: z.string(),
        outcome: z
          .enum(['hit', 'ran', 'unfinished'])
          .describe('Taken from the cache; made by this build; neither, so far or for good.'),
        reason: missReasonViewSchema.optional().describe('Why it was no hit.'),
      }),
    ),
  })
  .meta({ id: 'BuildExplanation' });
export type BuildExplanation = z.infer<typeof buildExplanationSchema>;

/** Builds of the tenant, newest first, among which the one before is sought; as far back as a plan's preview looks. */
const page = 100;
const mostPages = 10;
const lookedAt = 100;

/**
 * Why each step of a build was no hit: its stored plan beside that of the build before, of the same name and in reach.
 * @throws EngineError build.not_planned
 */
export async function explainBuild(
  ports: { readonly table: Table; readonly blobs: Blobs },
  reach: Reach,
  build: BuildRecord,
): Promise<BuildExplanation> {
  const [plan, steps, previous] = await Promise.all([
    findPlan(ports.blobs, build.id),
    listSteps(ports.table, workOf(build)),
    buildBefore(ports, reach, build),
  ]);
  if (plan === undefined) throw new EngineError('build.not_planned', `The build is ${build.state}.`);
  const hits = new Map(steps.map((step) => [step.id, step.hit]));
  const cached = new Set(plan.steps.filter((step) => hits.get(step.id) === true).map((step) => step.key));
  const verdicts = explainPlan(plan, previous?.plan, cached);
  return {
    build: build.id,
    name: build.name,
    ...(previous === undefined ? {} : { comparedWith: previous.build.id }),
    steps: plan.steps.map(({ id, program, key }) => {
      const verdict = verdicts.get(id);
      const hit = hits.get(id);
      return {
        ...{ id, program, key },
        outcome: hit === undefined ? ('unfinished' as const) : hit ? ('hit' as const) : ('ran' as const),
        ...(verdict === undefined || verdict.hit ? {} : { reason: missReasonView(verdict.because) }),
      };
    }),
  };
}

async function buildBefore(
  ports: { readonly table: Table; readonly blobs: Blobs },
  reach: Reach,
  build: BuildRecord,
): Promise<{ build: BuildRecord; plan: Plan } | undefined> {
  // Before the work that it shares: what came in between was not there when that was planned.
  const before = workOf(build);
  let cursor: string | undefined;
  let older = 0;
  for (let read = 0; read < mostPages && older < lookedAt; read += 1) {
    const found = await listBuildsWithin(ports.table, reach, {
      limit: page,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const candidate of found.builds.filter(({ id }) => id < before)) {
      older += 1;
      // What a warming plans is a part only: to compare with it would call the rest new.
      if (candidate.name !== build.name || candidate.planDigest === undefined) continue;
      if (candidate.purpose !== build.purpose) continue;
      const plan = await findPlan(ports.blobs, candidate.id);
      if (plan !== undefined) return { build: candidate, plan };
    }
    cursor = found.cursor;
    if (cursor === undefined) break;
  }
  return undefined;
}

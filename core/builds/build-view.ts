import { z } from 'zod';
import type { Table } from '../ports/table.ts';
import { type BuildRecord, failureSchema } from './build-record.ts';
import { buildStates, isTerminal, type WorkState, workStates } from './lifecycle.ts';
import { listAttempts, listStages, listSteps } from './stage-repository.ts';

const stepViewSchema = z.strictObject({
  id: z.string(),
  state: z.enum(workStates),
  hit: z.boolean().describe('Taken from the cache: nothing ran.'),
  percent: z.number().int().min(0).max(100),
  attempt: z.number().int().describe('The attempt that did it; 0 for a hit or before it ran.'),
  milliseconds: z.strictObject({ program: z.number().int(), capture: z.number().int() }).optional(),
  facts: z.record(z.string(), z.string()),
});

/** A build as users see it: where it is, and why it ended. */
export const buildViewSchema = z.strictObject({
  id: z.string().describe('The build’s id.'),
  name: z.string().describe('The name in its spec.'),
  state: z.enum(buildStates),
  specDigest: z.string().describe('SHA-256 of the resolved spec.'),
  planDigest: z.string().optional().describe('SHA-256 of the plan, once there is one.'),
  submittedAt: z.string(),
  plannedAt: z.string().optional(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  cancelRequested: z.boolean(),
  failure: failureSchema
    .extend({ remedy: z.string() })
    .optional()
    .describe('Why it failed: code, step, last log lines.'),
});
export type BuildView = z.infer<typeof buildViewSchema>;

export const buildDetailSchema = buildViewSchema.extend({
  percent: z.number().int().min(0).max(100).describe('Share of the steps that are done.'),
  stages: z.array(
    z.strictObject({
      id: z.string(),
      state: z.enum(workStates),
      trust: z.enum(['service', 'tenant', 'seal']),
      needs: z.array(z.string()),
      attempts: z.number().int().describe('Builders that were started for it.'),
      startedAt: z.string().optional(),
      endedAt: z.string().optional(),
      steps: z.array(stepViewSchema),
    }),
  ),
});
export type BuildDetail = z.infer<typeof buildDetailSchema>;

/** The view of a build without its stages, as lists show it. `remedies` answers what to do about a code. */
export function buildView(build: BuildRecord, remedyOf: (code: string) => string): BuildView {
  return {
    id: build.id,
    name: build.name,
    state: build.state,
    specDigest: build.specDigest,
    ...(build.planDigest === undefined ? {} : { planDigest: build.planDigest }),
    submittedAt: build.submittedAt,
    ...(build.plannedAt === undefined ? {} : { plannedAt: build.plannedAt }),
    ...(build.startedAt === undefined ? {} : { startedAt: build.startedAt }),
    ...(build.endedAt === undefined ? {} : { endedAt: build.endedAt }),
    cancelRequested: build.cancelRequestedAt !== undefined,
    ...(build.failure === undefined || build.state === 'cancelled'
      ? {}
      : { failure: { ...build.failure, remedy: remedyOf(build.failure.code) } }),
  };
}

/** The view of a build with its stages and steps, from the table alone. */
export async function buildDetail(
  table: Table,
  build: BuildRecord,
  remedyOf: (code: string) => string,
): Promise<BuildDetail> {
  const [stages, steps, attempts] = await Promise.all([
    listStages(table, build.id),
    listSteps(table, build.id),
    listAttempts(table, build.id),
  ]);
  const done = new Map(steps.map((step) => [step.id, step]));
  const over = isTerminal(build.state);
  const views = stages.map(({ value: stage }) => {
    const attempt = attempts.find((one) => one.value.stage === stage.id && one.value.attempt === stage.attempt)?.value;
    const current = attempt?.state === 'live' ? attempt.progress : undefined;
    // What a cancellation or a failure elsewhere left standing is told as its end, not as work that goes on.
    const left: WorkState = build.state === 'cancelled' ? 'cancelled' : 'skipped';
    const unsettled = stage.state === 'pending' || stage.state === 'running';
    const state = over && unsettled ? left : stage.state;
    return {
      id: stage.id,
      state,
      trust: stage.trust,
      needs: stage.needs,
      attempts: stage.attempt,
      ...(stage.startedAt === undefined ? {} : { startedAt: stage.startedAt }),
      ...(stage.endedAt === undefined ? {} : { endedAt: stage.endedAt }),
      steps: stage.steps.map((id) => {
        const record = done.get(id);
        if (record !== undefined) return { ...record, state: 'succeeded' as const, percent: 100 };
        const own = current?.step === id ? current : undefined;
        return {
          id,
          hit: false,
          attempt: 0,
          facts: {},
          percent: own?.percent ?? 0,
          state: stepState(id, state, own !== undefined),
        };
      }),
    };
    function stepState(id: string, stageState: WorkState, now: boolean): WorkState {
      if (stageState === 'running') return now ? 'running' : 'pending';
      if (stageState === 'failed') return stage.failure?.step === id ? 'failed' : 'skipped';
      return stageState;
    }
  });
  const all = views.flatMap((stage) => stage.steps);
  const sum = all.reduce((total, step) => total + step.percent, 0);
  return { ...buildView(build, remedyOf), percent: all.length === 0 ? 0 : Math.floor(sum / all.length), stages: views };
}

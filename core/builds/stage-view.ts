import { z } from 'zod';
import type { AttemptRecord, BuildRecord, StageRecord, StepRecord } from './build-record.ts';
import { isTerminal, type WorkState, workStates } from './lifecycle.ts';
import { stageTimesSchema } from './manifest.ts';
import { printable } from './printable.ts';
import type { listProgress } from './stage-repository.ts';

const stepViewSchema = z
  .strictObject({
    id: z.string(),
    state: z.enum(workStates),
    hit: z.boolean().describe('Taken from the cache: nothing ran.'),
    program: z.string().optional(),
    bytes: z.number().int().optional().describe('Of its layer, module or artifact.'),
    percent: z.number().int().min(0).max(100),
    attempt: z.number().int().describe('The attempt that did it; 0 for a hit or before it ran.'),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
    milliseconds: z.strictObject({ program: z.number().int(), capture: z.number().int() }).optional(),
    facts: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Step' });

/** A stage as users see it, with its steps. */
export const stageViewSchema = z
  .strictObject({
    id: z.string(),
    state: z.enum(workStates),
    trust: z.enum(['service', 'tenant', 'seal']),
    needs: z.array(z.string()),
    attempts: z.number().int().describe('Builders that were started for it.'),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
    milliseconds: stageTimesSchema
      .optional()
      .describe('Where the time of its latest builder went, by the builder’s own clock.'),
    steps: z.array(stepViewSchema),
  })
  .meta({ id: 'Stage' });
type StageView = z.infer<typeof stageViewSchema>;

/** What is known of a build's work, as the table has it. */
interface Work {
  readonly stages: readonly StageRecord[];
  readonly attempts: readonly AttemptRecord[];
  readonly steps: readonly StepRecord[];
  readonly progress: Awaited<ReturnType<typeof listProgress>>;
}

/** The stages of a build with their steps, as they are now. */
export function stageViews(
  build: Pick<BuildRecord, 'state'>,
  { stages, attempts, steps, progress }: Work,
): StageView[] {
  const done = new Map(steps.map((step) => [step.id, step]));
  const over = isTerminal(build.state);
  return stages.map((stage) => {
    const attempt = attempts.find((one) => one.stage === stage.id && one.attempt === stage.attempt);
    const current =
      attempt?.state === 'live'
        ? progress.find((one) => one.stage === stage.id && one.attempt === attempt.attempt)
        : undefined;
    const currentPosition = current === undefined ? -1 : stage.steps.indexOf(current.step);
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
      ...(attempt?.milliseconds === undefined ? {} : { milliseconds: attempt.milliseconds }),
      steps: stage.steps.map((id, position) => {
        const record = done.get(id);
        if (record !== undefined) {
          const { layer: _, inspection: __, ...told } = record;
          return { ...told, facts: shownFacts(record.facts), state: 'succeeded' as const, percent: 100 };
        }
        // A step before the one that the builder reports is done, though its receipt is settled only with the stage.
        if (state === 'running' && position < currentPosition) {
          return { id, hit: false, attempt: stage.attempt, facts: {}, percent: 100, state: 'succeeded' as const };
        }
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
}

function shownFacts(facts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [printable(name), printable(value)]));
}

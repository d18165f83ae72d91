import type { Plan } from './plan.ts';

/** Seconds that a schedule is made of. A step or stage that is not in its map takes none. */
export interface Durations {
  /** Of each step that runs; one that is not here is taken from the cache. */
  readonly steps: ReadonlyMap<string, number>;
  /** Before the first step of a stage that runs: the task's start and the unpacking of its tree. */
  readonly stageStarts: ReadonlyMap<string, number>;
  /** Of a stage in which nothing runs. */
  readonly idleStage: number;
}

export interface Schedule {
  /** Seconds from the start of the execution to its end. */
  readonly seconds: number;
  /** Of each stage, its own seconds, waiting for others left out. */
  readonly stageSeconds: ReadonlyMap<string, number>;
  /** The steps, first to last, that decide how long it takes: each waits for the one before, or for its stage. */
  readonly criticalPath: readonly string[];
}

interface StepTime {
  readonly end: number;
  readonly before: string | undefined;
}

/**
 * When each step ends if every stage starts as soon as those that it needs are settled. In a stage of the engine steps
 * run as soon as what they need is done, in a tenant stage one after another (build stages are started at once: Step
 * Functions runs all 40 of them side by side).
 */
export function scheduleOf(plan: Pick<Plan, 'stages' | 'steps'>, durations: Durations): Schedule {
  const needsOf = new Map(plan.steps.map((step) => [step.id, step.needs]));
  const times = new Map<string, StepTime>();
  const stages = new Map<string, { end: number; last: string | undefined }>();
  const stageSeconds = new Map<string, number>();
  let end = 0;
  let last: string | undefined;
  for (const stage of plan.stages) {
    const waited = latest(stage.needs.flatMap((id) => stages.get(id) ?? []));
    const begin = waited?.end ?? 0;
    const running = stage.steps.filter((id) => durations.steps.has(id));
    if (running.length === 0) {
      stages.set(stage.id, { end: begin + durations.idleStage, last: waited?.last });
      stageSeconds.set(stage.id, durations.idleStage);
    } else {
      const ready: StepTime = { end: begin + (durations.stageStarts.get(stage.id) ?? 0), before: waited?.last };
      let previous: { end: number; last: string | undefined } | undefined;
      let final = { end: ready.end, last: waited?.last };
      for (const id of running) {
        const own = (needsOf.get(id) ?? [])
          .filter((need) => stage.steps.includes(need))
          .flatMap((need) => {
            const time = times.get(need);
            return time === undefined ? [] : [{ end: time.end, last: need }];
          });
        const after = latest(stage.trust === 'tenant' && previous !== undefined ? [...own, previous] : own);
        const from = after !== undefined && after.end > ready.end ? after : { end: ready.end, last: ready.before };
        const time = { end: from.end + (durations.steps.get(id) ?? 0), before: from.last };
        times.set(id, time);
        previous = { end: time.end, last: id };
        if (time.end >= final.end) final = previous;
      }
      stages.set(stage.id, final);
      stageSeconds.set(stage.id, final.end - begin);
    }
    const settled = stages.get(stage.id);
    if (settled !== undefined && settled.end > end) {
      end = settled.end;
      last = settled.last;
    }
  }
  return { seconds: end, stageSeconds, criticalPath: pathTo(last, times) };
}

function latest<T extends { readonly end: number }>(times: readonly T[]): T | undefined {
  return times.reduce<T | undefined>(
    (found, time) => (found === undefined || time.end > found.end ? time : found),
    undefined,
  );
}

function pathTo(last: string | undefined, times: ReadonlyMap<string, StepTime>): string[] {
  const path: string[] = [];
  for (let id = last; id !== undefined; id = times.get(id)?.before) path.push(id);
  return path.reverse();
}

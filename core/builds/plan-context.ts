import { type Reach, wholeTenant } from '../access/reach.ts';
import type { Median, RunFigures, RunHistory } from '../plan/estimate.ts';
import { historyName } from '../plan/estimate.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlanContext } from '../plan/preview.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table } from '../ports/table.ts';
import { listBuildsWithin } from './build-lists.ts';
import type { BuildRecord, StageRecord, StepRecord } from './build-record.ts';
import { findPlan, scopeOf } from './plan-store.ts';
import { findResult, listStages, listSteps, resultBytes } from './stage-repository.ts';

/** Builds of the tenant that are looked at for one of the same name: further back little is comparable. */
const lookedAt = 100;
/** Builds whose runs make up the history: each is two queries, all of them at once. */
const remembered = 12;
/** Builds among which those are sought when a build is planned, which waits for it. */
const soughtAmong = 25;

/** What a plan is estimated by: what is cached, and what past runs took. Writes nothing. */
export async function planFigures(
  table: Table,
  tenantId: string,
  name: string,
  plan: Plan,
): Promise<Pick<PlanContext, 'cached' | 'history'>> {
  const [cached, history] = await Promise.all([
    cachedBytes(table, tenantId, plan),
    recentBuilds(table, wholeTenant(tenantId), soughtAmong).then((builds) => runHistory(table, builds, name)),
  ]);
  return { cached, history };
}

/** What is known beside a plan, as far as its caller may know: what it is estimated by, and the plan before. Writes nothing. */
export async function planContext(
  ports: { readonly table: Table; readonly blobs: Blobs },
  reach: Reach,
  name: string,
  plan: Plan,
): Promise<PlanContext> {
  const [cached, builds] = await Promise.all([
    cachedBytes(ports.table, reach.tenantId, plan),
    recentBuilds(ports.table, reach, lookedAt),
  ]);
  const [history, previous] = await Promise.all([
    runHistory(ports.table, builds, name),
    previousPlan(ports.blobs, builds, name),
  ]);
  return { cached, history, ...(previous === undefined ? {} : { previous }) };
}

/** Bytes of what a plan's keys already point to, by key. Whether the bytes are sound is asked when a stage is prepared. */
async function cachedBytes(table: Table, tenantId: string, plan: Plan): Promise<ReadonlyMap<string, number>> {
  const found = await Promise.all(plan.steps.map((step) => findResult(table, scopeOf(step, tenantId), step.key)));
  return new Map(found.flatMap((result) => (result === undefined ? [] : [[result.key, resultBytes(result)] as const])));
}

/** The latest planned builds in reach, newest first. */
async function recentBuilds(table: Table, reach: Reach, limit: number): Promise<readonly BuildRecord[]> {
  const { builds } = await listBuildsWithin(table, reach, { limit });
  return builds.filter((build) => build.planDigest !== undefined);
}

async function previousPlan(
  blobs: Blobs,
  builds: readonly BuildRecord[],
  name: string,
): Promise<PlanContext['previous']> {
  // A warming's plan is a part only.
  const build = builds.find((candidate) => candidate.name === name && candidate.purpose === undefined);
  if (build === undefined) return undefined;
  const plan = await findPlan(blobs, build.id);
  return plan === undefined ? undefined : { buildId: build.id, plan };
}

/** Medians of what the latest builds' steps took; a step's own runs are those of builds of the same name. */
async function runHistory(table: Table, builds: readonly BuildRecord[], name: string): Promise<RunHistory> {
  // A build that shared another's work ran nothing.
  const ran = builds.filter(({ sharesWith, withdrawnAt }) => (sharesWith ?? withdrawnAt) === undefined);
  const ended = ran.filter((build) => build.startedAt !== undefined && build.endedAt !== undefined);
  const nearest = [...ended.filter((build) => build.name === name), ...ended.filter((build) => build.name !== name)];
  const runs = await Promise.all(
    nearest.slice(0, remembered).map(async (build) => {
      const [steps, stages] = await Promise.all([listSteps(table, build.id), listStages(table, build.id)]);
      return { build, steps, stages: stages.map(({ value }) => value) };
    }),
  );
  const programs = new Samples();
  const steps = new Samples();
  const starts: number[] = [];
  for (const { build, steps: done, stages } of runs) {
    for (const step of done) {
      if (step.program === undefined || step.hit || step.milliseconds === undefined) continue;
      const seconds = (step.milliseconds.program + step.milliseconds.capture) / 1_000;
      programs.add(step.program, seconds, step.bytes);
      if (build.name === name) steps.add(historyName({ id: step.id, program: step.program }), seconds, step.bytes);
    }
    for (const stage of stages) starts.push(...secondsBesideSteps(stage, done));
  }
  const stageStart = medianOf(starts);
  return {
    programs: programs.medians(),
    steps: steps.medians(),
    ...(stageStart === undefined ? {} : { stageStart }),
  };
}

/** Seconds of a stage before its first step and after its last; nothing where it ran more than once, or not at all. */
function secondsBesideSteps(stage: StageRecord, steps: readonly StepRecord[]): number[] {
  if (stage.attempt !== 1 || stage.startedAt === undefined || stage.endedAt === undefined) return [];
  const times = steps
    .filter((step) => stage.steps.includes(step.id) && !step.hit)
    .flatMap(({ startedAt, endedAt }) =>
      startedAt === undefined || endedAt === undefined ? [] : [[Date.parse(startedAt), Date.parse(endedAt)] as const],
    );
  if (times.length === 0) return [];
  const span = Math.max(...times.map(([, to]) => to)) - Math.min(...times.map(([from]) => from));
  return [Math.max(0, (Date.parse(stage.endedAt) - Date.parse(stage.startedAt) - span) / 1_000)];
}

/** Seconds and bytes of runs, by name. */
class Samples {
  readonly #runs = new Map<string, { seconds: number[]; bytes: number[] }>();

  add(name: string, seconds: number, bytes: number | undefined): void {
    const runs = this.#runs.get(name) ?? { seconds: [], bytes: [] };
    runs.seconds.push(seconds);
    if (bytes !== undefined) runs.bytes.push(bytes);
    this.#runs.set(name, runs);
  }

  medians(): ReadonlyMap<string, RunFigures> {
    return new Map(
      [...this.#runs].map(([name, runs]) => {
        const [seconds, bytes] = [medianOf(runs.seconds), medianOf(runs.bytes)];
        return [name, { ...(seconds === undefined ? {} : { seconds }), ...(bytes === undefined ? {} : { bytes }) }];
      }),
    );
  }
}

/** The middle one; of an even number the lower of the two in the middle, which is a run that there was. */
function medianOf(values: readonly number[]): Median | undefined {
  const median = values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  return median === undefined ? undefined : { median, runs: values.length };
}

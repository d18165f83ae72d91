import { untilDone } from '../../../core/access/attempts.ts';
import { passBuildGate } from '../../../core/approvals/gate.ts';
import type { BuildRecord, StageRecord } from '../../../core/builds/build-record.ts';
import { buildsInState, findBuild, updateBuild } from '../../../core/builds/build-repository.ts';
import { buildKey, edgeKey, stageKey } from '../../../core/builds/keys.ts';
import { planFigures } from '../../../core/builds/plan-context.ts';
import { planSpec } from '../../../core/builds/plan-spec.ts';
import { findPlan, loadPlan, storePlan } from '../../../core/builds/plan-store.ts';
import { storedSpec } from '../../../core/builds/resume.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { waitsUnderLimit } from '../../../core/builds/stage-limit.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { buildOf } from '../../../core/events/subject.ts';
import { toJsonObject } from '../../../core/json.ts';
import { needPackages } from '../../../core/lock/gone-packages.ts';
import type { ArchiveState } from '../../../core/plan/archive-state.ts';
import { estimatePlan } from '../../../core/plan/estimate.ts';
import { planDigest } from '../../../core/plan/make-plan.ts';
import type { Plan, PlanStage } from '../../../core/plan/plan.ts';
import { warmPlan } from '../../../core/plan/warm-plan.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { ConditionFailed, type Table, type TableWrite } from '../../../core/ports/table.ts';
import { plannedUse, reservePlanned } from '../../../core/quota/gate.ts';
import { joinWork } from '../../../core/sharing/follow.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import { openData } from '../../../core/vulnerabilities/open-data.ts';
import { needData } from '../../../core/vulnerabilities/scan-at-end.ts';
import { askPlugins, pluginsFor } from './ask-plugins.ts';

type PlanPorts = Pick<
  Ports,
  'table' | 'blobs' | 'clock' | 'ids' | 'archive' | 'packages' | 'vault' | 'installation' | 'plugins'
>;

/** Milliseconds after which a build that is not planned has lost its event, or its planner. */
const overdue = 60_000;

/** Plans a submitted build; on a schedule's tick, every build whose event was lost. Safe to repeat. */
export async function handle(ports: PlanPorts, input: unknown): Promise<JsonValue> {
  const buildId = buildOf(input);
  if (buildId !== undefined) {
    await planBuild(ports, buildId);
    return { planned: [buildId] };
  }
  const before = ports.clock.now().getTime() - overdue;
  const waiting = [
    ...(await buildsInState(ports.table, 'submitted', 50)),
    ...(await buildsInState(ports.table, 'planning', 50)),
  ].filter((build) => new Date(build.value.submittedAt).getTime() < before);
  for (const build of waiting) await planBuild(ports, build.value.id);
  return { planned: waiting.map((build) => build.value.id) };
}

async function planBuild(ports: PlanPorts, buildId: string): Promise<void> {
  const planning = await updateBuild(ports.table, buildId, (build) =>
    build.state === 'submitted' ? { build: { ...build, state: 'planning' } } : undefined,
  );
  if (planning === undefined || planning.state !== 'planning') return;
  if (planning.cancelRequestedAt !== undefined) {
    await endBuild(ports, buildId, 'cancelled');
    return;
  }
  let made: Awaited<ReturnType<typeof makeAndStore>>;
  try {
    made = await makeAndStore(ports, planning);
  } catch (error) {
    await endRefused(ports, buildId, error);
    return;
  }
  const { plan, archiveReadAt, gated } = made;
  const [figures, enabled] = await Promise.all([
    planFigures(ports.table, planning.tenantId, planning.name, plan),
    pluginsFor(ports.table, planning),
  ]);
  // A verification takes nothing from the cache.
  const cached = planning.verifies === undefined ? figures.cached : new Map<string, number>();
  const estimated = estimatePlan(plan, { ...figures, cached });
  let plugins: BuildRecord['plugins'];
  try {
    plugins = await askPlugins(ports, planning, plan, { ...figures, cached }, enabled);
    await reservePlanned(ports, planning, plannedUse(planning, plan, estimated));
  } catch (error) {
    await endRefused(ports, buildId, error);
    return;
  }
  const planned: Partial<BuildRecord> = {
    planDigest: planDigest(plan),
    ...(plugins === undefined ? {} : { plugins }),
    estimate: estimated.total,
    ...(gated || plan.steps.some(({ produces }) => judges.has(produces)) ? { tested: true as const } : {}),
    ...(archiveReadAt === undefined ? {} : { archiveReadAt }),
    plannedAt: ports.clock.now().toISOString(),
  };
  const after = await passBuildGate(ports, planning, planned, () => storeStages(ports, buildId, plan));
  if (after?.state === 'planning' && after.cancelRequestedAt !== undefined) {
    await endBuild(ports, buildId, 'cancelled');
  }
  if (after !== undefined) await joinWork(ports, after);
}

/** Steps that find out whether what is made may be published. */
const judges: ReadonlySet<string> = new Set(['report', 'inspection']);

/** What the caller can mend ends the build with its code; anything else is tried again with the event. */
async function endRefused(ports: PlanPorts, buildId: string, error: unknown): Promise<void> {
  if (!(error instanceof EngineError) || error.code === 'service.unavailable') throw error;
  await endBuild(ports, buildId, 'failed', { code: error.code, reason: error.detail.slice(0, 2_000), logTail: [] });
}

/**
 * The plan, stored once: where an earlier try has stored one, that one stays and is used. With it, where the archive did
 * not answer, when the state that it is made for was last read, and whether known vulnerabilities may keep what it makes
 * from being published.
 */
async function makeAndStore(
  ports: PlanPorts,
  build: BuildRecord,
): Promise<{ plan: Plan; archiveReadAt?: string; gated: boolean }> {
  if (build.verifies !== undefined) {
    // The very plan: its keys are in what the steps make.
    await storePlan(ports.blobs, build.id, await loadPlan(ports.blobs, build.verifies));
    return { plan: await loadPlan(ports.blobs, build.id), gated: false };
  }
  const spec = await storedSpec(ports.table, build.id);
  const gated = build.purpose === undefined && spec.vulnerabilities?.failOn !== undefined;
  // Better now than after all the work.
  if (gated) needData(await openData(ports), spec);
  const { fusing } = ports.installation;
  const before = await stateBefore(ports, build, spec);
  const { plan: made, archiveReadAt } = await planSpec(ports, build.tenantId, spec, before);
  await needPackages(ports, build.tenantId, made);
  await storePlan(ports.blobs, build.id, build.purpose === 'warm' ? warmPlan(made, fusing) : made);
  const plan = await loadPlan(ports.blobs, build.id);
  return { plan, gated, ...(archiveReadAt === undefined ? {} : { archiveReadAt }) };
}

/** The archive's state of the build whose work is gone on with, if any: what that finished has keys that hold it. */
async function stateBefore(
  ports: PlanPorts,
  build: BuildRecord,
  spec: ResolvedSpec,
): Promise<ArchiveState | undefined> {
  const { release, architecture } = spec.base;
  const before = build.archiveOf === undefined ? undefined : await findPlan(ports.blobs, build.archiveOf);
  const comparable = before?.release === release && before.architecture === architecture;
  // What is pinned by date has the state of that date.
  const pinned =
    spec.base.snapshot !== undefined || before?.archive.suites.some((suite) => suite.snapshot !== undefined);
  return comparable && pinned !== true ? before.archive : undefined;
}

/**
 * Stages and edges, as long as the build is planned: nobody reads them before it is queued. A call that comes too late,
 * since another one was faster, writes nothing over stages that wait, run or have ended.
 */
async function storeStages(ports: PlanPorts, buildId: string, plan: Plan): Promise<void> {
  const writes: TableWrite[] = [];
  const after = waitsUnderLimit(plan.stages, ports.installation.stagesPerBuild);
  const waitsOf = (stage: PlanStage): string[] => {
    const before = after.get(stage.id);
    return before === undefined ? stage.needs : [...stage.needs, before];
  };
  for (const stage of plan.stages) {
    const dependents = plan.stages.filter((other) => waitsOf(other).includes(stage.id)).map((other) => other.id);
    const before = after.get(stage.id);
    const record: StageRecord = {
      id: stage.id,
      state: 'pending',
      trust: stage.trust,
      steps: stage.steps,
      needs: stage.needs,
      dependents,
      ...(before === undefined ? {} : { after: [before] }),
      attempt: 0,
      retries: { infrastructure: 0, lost: 0 },
    };
    writes.push({
      kind: 'put',
      key: stageKey(buildId, stage.id),
      data: toJsonObject(record),
      counters: { pending: waitsOf(stage).length },
    });
    for (const to of dependents) writes.push({ kind: 'put', key: edgeKey(buildId, stage.id, to), data: {} });
  }
  for (let start = 0; start < writes.length; start += writesAtOnce) {
    const some = writes.slice(start, start + writesAtOnce);
    const isPlanning = await untilDone(() => writeWhilePlanned(ports.table, buildId, some));
    if (!isPlanning) return;
  }
}

/** Writes, and a check of the build beside them, that one transaction holds. */
const writesAtOnce = 99;

/** @returns false where the build is not being planned any more; undefined where it has changed: look again */
async function writeWhilePlanned(
  table: Table,
  buildId: string,
  writes: readonly TableWrite[],
): Promise<boolean | undefined> {
  const found = await findBuild(table, buildId);
  if (found?.value.state !== 'planning') return false;
  const check = {
    kind: 'check',
    key: buildKey(buildId),
    condition: { kind: 'version', version: found.version },
  } as const;
  try {
    await table.transact([...writes, check]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return undefined;
  }
}

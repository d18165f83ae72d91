import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildKey, shardCount, sharingState } from '../../../core/builds/keys.ts';
import { isTerminal } from '../../../core/builds/lifecycle.ts';
import { artifactPlace } from '../../../core/builds/places.ts';
import { listArtifacts, listAttempts, listStages } from '../../../core/builds/stage-repository.ts';
import { overdueEvents } from '../../../core/events/outbox.ts';
import { asShown, workOf } from '../../../core/sharing/work-of.ts';
import { billedOnce, counted, invoiceFits, leasesFit, sumsFit, toldInTime } from './account-checks.ts';
import { auditIsWhole } from './audit-checks.ts';
import { delivered } from './delivery-checks.ts';
import type { Drawn, Storm } from './state.ts';

type Check = (storm: Storm) => Promise<string[]> | string[];

/** Says, for each rule that must hold when all has come to rest, what breaks it. */
export async function checkAll(storm: Storm): Promise<string[]> {
  const found: string[] = [];
  for (const [name, check] of Object.entries(checks)) {
    for (const violation of await check(storm)) found.push(`${name}: ${violation}`);
  }
  return found;
}

const checks: Readonly<Record<string, Check>> = {
  'a build ends once': endsOnce,
  'a build ends as it should': endsRightly,
  'nothing runs past its build': ({ observer, engine }) => [
    ...observer.overrun(),
    ...(engine.tasks.size === 0 ? [] : [`${engine.tasks.size} builders run`]),
  ],
  'nothing is left open': leftOpen,
  'a stage counts a retry for what ended so': retriesFit,
  'each stage is billed once': billedOnce,
  'sums are those of the records': sumsFit,
  'the invoice is the sum of the records': invoiceFits,
  'events reach their endpoint, each under one name': delivered,
  'counters are what leases hold': leasesFit,
  'analytics count each build once': counted,
  'what was made is there': madeIsThere,
  // Last: they may let time pass.
  'the audit log is whole': auditIsWhole,
  'thresholds of a budget are told once': toldInTime,
};

const ends = ['build.succeeded', 'build.failed', 'build.cancelled'];

function endsOnce({ builds, observer }: Storm): string[] {
  return builds.flatMap((build) => {
    const { id, state } = asShown(build);
    const told = observer.events.filter(({ detail }) => detail.buildId === id).map(({ type }) => type);
    const ended = told.filter((type) => ends.includes(type));
    const wrong: string[] = [];
    if (!isTerminal(state)) wrong.push(`${id} is ${state}`);
    if (ended.join(' ') !== `build.${state}`)
      wrong.push(`${id} is ${state}, and told are ${ended.join(' ') || 'no end'}`);
    for (const type of ['build.submitted', 'build.queued', 'build.started'] as const) {
      const times = told.filter((one) => one === type).length;
      if (times > 1 || (state === 'succeeded' && times !== 1)) wrong.push(`${id} tells ${type} ${times} times`);
    }
    return wrong;
  });
}

/** Retries that a stage has for causes of a kind, by docs/architecture.md; written down again, to be compared with. */
const allowed = { infrastructure: 3, lost: 1 };

function endsRightly({ builds, drawn, asked }: Storm): string[] {
  const byId = new Map(builds.map((build) => [build.id, build]));
  return builds.flatMap((build) => {
    const work = byId.get(workOf(build));
    const { state, failure, id } = asShown(build);
    if (state === 'cancelled') return asked.has(id) ? [] : [`${id} was cancelled, and nobody asked`];
    const fates = drawn.filter(({ buildId }) => buildId === work?.id);
    const causes = causesOf(fates);
    if (state === 'succeeded')
      return causes.size === 0 ? [] : [`${id} succeeded in spite of ${[...causes].join(', ')}`];
    const code = failure?.code ?? 'no reason';
    // A builder that hears nothing may take all the time that a stage has.
    if (causes.has(code) || (code === 'step.timeout' && fates.some(({ deaf }) => deaf))) return [];
    const may = [...causes].join(' or ') || 'nothing';
    return [`${id} is ${state} for ${code} where it may be for ${may}: ${failure?.reason.slice(0, 300)}`];
  });
}

/** The codes of what a build must have failed for: for one of them, whichever came first; none where it must not. */
function causesOf(fates: readonly Drawn[]): Set<string> {
  const times = (stage: string, fate: Drawn['fate']): number =>
    fates.filter((one) => one.stageId === stage && one.fate === fate).length;
  const stages = [...new Set(fates.map(({ stageId }) => stageId))];
  return new Set([
    ...stages.filter((stage) => times(stage, 'step') > 0).map(() => 'script.failed'),
    ...stages
      .filter((stage) => times(stage, 'infrastructure') > allowed.infrastructure)
      .map(() => 'builder.infrastructure'),
    ...stages.filter((stage) => times(stage, 'lost') > allowed.lost).map(() => 'builder.lost'),
  ]);
}

/** Each retry that a stage has had follows an attempt of its own that ended badly. */
async function retriesFit({ engine, builds }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const { id, sharesWith } of builds) {
    if (sharesWith !== undefined) continue;
    const attempts = (await listAttempts(engine.table, id)).map(({ value }) => value);
    for (const { value: stage } of await listStages(engine.table, id)) {
      for (const kind of ['infrastructure', 'lost'] as const) {
        const counted = stage.retries[kind];
        const ended = attempts.filter((one) => one.stage === stage.id && one.ending === kind).length;
        if (counted > ended) wrong.push(`${id} ${stage.id} counts ${counted} of ${ended} for ${kind}`);
      }
    }
  }
  return wrong;
}

async function leftOpen({ engine, builds }: Storm): Promise<string[]> {
  const { table } = engine;
  const left: string[] = [];
  const waiting = await overdueEvents(table, new Date(8.64e15));
  if (waiting.length > 0) left.push(`${waiting.length} events in the outbox: ${waiting[0]?.type}`);
  for (const { id, sharesWith, state, outcome } of builds) {
    const live = (await listAttempts(table, id)).filter(({ value }) => value.state === 'live');
    for (const { value } of live) left.push(`${id} ${value.stage} ${value.attempt} is live`);
    // What a cancellation stopped stays as it was, and is shown as cancelled (core/builds/build-view.ts).
    if (sharesWith !== undefined || state === 'cancelled' || outcome === 'cancelled') continue;
    const edges = await table.query({ partition: buildKey(id).partition, sortPrefix: 'EDGE#', limit: 10 });
    if (edges.records.length > 0) left.push(`${id} has edges`);
    for (const { value } of await listStages(table, id)) {
      const isOver = ['succeeded', 'failed', 'cancelled', 'skipped'].includes(value.state);
      if (!isOver) left.push(`${id} ${value.id} is ${value.state}`);
    }
  }
  for (const owner of ['installation', ...new Set(builds.map(({ tenantId }) => tenantId))]) {
    const running = await table.get({ partition: `RUNNING#${owner}`, sort: 'RUNNING' });
    const count = running?.counters.builds ?? 0;
    if (count !== 0) left.push(`${owner} counts ${count} running builds`);
  }
  for (let shard = 0; shard < shardCount; shard += 1) {
    const page = await table.query({ index: 'byState', partition: `STATE#${sharingState}#${shard}`, limit: 10 });
    if (page.records.length > 0) left.push(`${page.records.length} builds still share`);
  }
  return left;
}

async function madeIsThere({ engine, builds }: Storm): Promise<string[]> {
  const wrong: string[] = [];
  for (const build of builds) {
    const { id, state, tenantId } = asShown(build as BuildRecord);
    if (state !== 'succeeded') continue;
    const artifacts = await listArtifacts(engine.table, workOf(build));
    if (artifacts.length === 0) wrong.push(`${id} has no artifact`);
    for (const { sha256 } of artifacts) {
      const stored = await engine.blobs.head(artifactPlace(tenantId, sha256));
      if (stored === undefined) wrong.push(`${id} has lost ${sha256.slice(0, 8)}`);
    }
  }
  return wrong;
}

import { endAttemptWrites } from '../billing/attempt-usage.ts';
import { buildSubject, millisecondsBetween } from '../events/build-subject.ts';
import type { EngineEvent } from '../events/event.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Flow } from '../ports/flow.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { settleWrites } from '../queue/share-repository.ts';
import { giveSlots } from '../queue/slots.ts';
import { imageWrite, keepsArtifacts, newImage } from '../retention/image.ts';
import { closeWork, type Placed } from '../sharing/claim.ts';
import { builtWrites } from '../templates/use-writes.ts';
import type { BuildRecord, Failure, StageRecord } from './build-record.ts';
import { findBuild, updateBuild } from './build-repository.ts';
import { isEnding } from './ending.ts';
import { edgeKey, stageKey } from './keys.ts';
import { isSettled, type WorkState } from './lifecycle.ts';
import { abortUploads } from './part-uploads.ts';
import { loadPlan } from './plan-store.ts';
import { promoteReceipts, readStageResult, type SettlePorts } from './receipts.ts';
import { findAttempt, getStage, listSteps, type StoredStage, stageWrite } from './stage-repository.ts';

export interface SettleStagePorts extends SettlePorts {
  readonly flow: Pick<Flow, 'sendTaskSuccess'>;
  readonly ids: Ids;
}

/**
 * Settles a stage, after success and failure alike, and safely again: every receipt that verifies is promoted, its attempt
 * ends and what it used is recorded, the stage gets its outcome, its edges are deleted and its dependents' `pending` lowered in one
 * transaction; then every dependent that waits for nothing more is told, always.
 * @param known the last attempt that the flow knows of: a later one was prepared by a call that its caller had lost sight of,
 *   and nobody ran it; absent: whichever is last
 */
export async function settleStage(
  ports: SettleStagePorts,
  buildId: string,
  stageId: string,
  known: number = Number.POSITIVE_INFINITY,
): Promise<StageRecord> {
  const found = await findBuild(ports.table, buildId);
  if (found === undefined) throw new Error(`the build ${buildId} is missing`);
  for (;;) {
    const stage = await getStage(ports.table, buildId, stageId);
    if (isSettled(stage.value.state)) {
      await wakeDependents(ports, buildId, stage.value);
      return stage.value;
    }
    try {
      const settled = await settleOnce(ports, found.value, stage, known);
      await wakeDependents(ports, buildId, settled);
      return settled;
    } catch (error) {
      // A builder's question or a cancellation came between read and write: look again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

async function settleOnce(
  ports: SettleStagePorts,
  before: BuildRecord,
  stage: StoredStage,
  known: number,
): Promise<StageRecord> {
  const { id: stageId, attempt: number } = stage.value;
  const now = ports.clock.now().toISOString();
  const writes: TableWrite[] = [];
  let failure = stage.value.failure;
  const attempt = number === 0 ? undefined : await findAttempt(ports.table, before.id, stageId, number);
  if (attempt !== undefined) {
    const plan = await loadPlan(ports.blobs, before.id);
    const result = await readStageResult(ports.blobs, before.id, attempt.value);
    await promoteReceipts(ports, before, plan, attempt.value);
    await abortUploads(ports.blobs, before.id, attempt.value);
    if (failure === undefined && result?.failure !== undefined) failure = { ...result.failure, stage: stageId };
    if (attempt.value.state === 'live') {
      const reported =
        result === undefined
          ? { ending: number > known ? ('infrastructure' as const) : ('stopped' as const) }
          : { ending: 'reported' as const, milliseconds: result.milliseconds };
      // Apart from the stage: a stage of forty dependents fills a transaction, and what its attempt used another.
      await ports.table.transact(endAttemptWrites(before, attempt, { endedAt: now, ...reported }));
    }
  }
  const build = (await findBuild(ports.table, before.id))?.value ?? before;
  const done = new Set((await listSteps(ports.table, build.id)).map((step) => step.id));
  const complete = stage.value.steps.every((step) => done.has(step));
  const kept = attempt?.value.steps.every((step) => done.has(step)) === true;
  const outcome = outcomeOf(build, stage.value, { complete, kept }, failure);
  const settled: StageRecord = {
    ...stage.value,
    state: outcome.state,
    endedAt: now,
    ...(outcome.failure === undefined ? {} : { failure: outcome.failure }),
  };
  writes.push(stageWrite(build.id, settled, stage.version));
  for (const dependent of stage.value.dependents) {
    writes.push({ kind: 'delete', key: edgeKey(build.id, stageId, dependent), condition: { kind: 'exists' } });
    writes.push({ kind: 'increment', key: stageKey(build.id, dependent), counter: 'pending', by: -1, min: 0 });
  }
  writes.push(
    outboxWrite(ports, 'build.stage_completed', build.tenantId, {
      ...{ ...buildSubject(build), stageId, state: settled.state, code: settled.failure?.code, attempts: number },
      runMilliseconds: millisecondsBetween(settled.startedAt, now),
    }),
  );
  // The build learns of the failure first: a dependent that wakes must find it.
  if (settled.state === 'failed' && settled.failure !== undefined)
    await markFailure(ports.table, build.id, settled.failure);
  await ports.table.transact(writes);
  return settled;
}

/**
 * What a stage came to.
 * @param did `complete`: all its steps are done; `kept`: all that its last attempt was to do
 */
function outcomeOf(
  build: BuildRecord,
  stage: StageRecord,
  did: { readonly complete: boolean; readonly kept: boolean },
  failure: Failure | undefined,
): { state: WorkState; failure?: Failure } {
  if (did.complete && failure === undefined) return { state: 'succeeded' };
  if (build.cancelRequestedAt !== undefined) return { state: 'cancelled' };
  // Told to end since another stage failed: that failure is the one to tell.
  const told = failure?.code === 'build.cancelled' && build.failure !== undefined;
  if (failure !== undefined && !told) return { state: 'failed', failure };
  if (build.failure !== undefined) {
    if (stage.attempt === 0 || (build.keepGoing === true && did.kept)) return { state: 'skipped' };
    if (build.keepGoing !== true) return { state: 'cancelled' };
  }
  return {
    state: 'failed',
    failure: {
      code: 'builder.result_invalid',
      reason: 'The builder ended without a result that verifies.',
      stage: stage.id,
      logTail: [],
    },
  };
}

/** The first failure is the build's; later ones stay with their stages. */
export async function markFailure(table: Table, buildId: string, failure: Failure): Promise<void> {
  await updateBuild(table, buildId, (build) =>
    build.failure === undefined && build.endedAt === undefined ? failedFirst({ ...build, failure }) : undefined,
  );
}

/** A work that a failure ends soon takes no other build in, which would only fail with it. */
function failedFirst(build: BuildRecord): Placed {
  return isEnding(build) ? closeWork(build) : { build, writes: [] };
}

async function wakeDependents(ports: SettleStagePorts, buildId: string, stage: StageRecord): Promise<void> {
  await Promise.all(
    stage.dependents.map(async (dependent) => {
      const { value, pending } = await getStage(ports.table, buildId, dependent);
      if (pending === 0) await wakeStage(ports.flow, value);
    }),
  );
}

/** Tells a stage that it waits for nothing more, by each of its tokens: those that nobody waits for tell nobody. */
export async function wakeStage(flow: Pick<Flow, 'sendTaskSuccess'>, stage: StageRecord): Promise<void> {
  const { id: stageId, token, earlierTokens = [] } = stage;
  if (token === undefined) return;
  await Promise.all([token, ...earlierTokens].map((each) => flow.sendTaskSuccess(each, { stageId })));
}

/** The event that tells of an end. */
function endWrite(ports: Pick<SettleStagePorts, 'clock' | 'ids'>, build: BuildRecord, state: keyof typeof endEvents) {
  const { tenantId, failure, publication } = build;
  const told = {
    ...{ ...buildSubject(build), code: failure?.code },
    runMilliseconds: millisecondsBetween(build.startedAt, build.endedAt),
    totalMilliseconds: millisecondsBetween(build.submittedAt, build.endedAt),
  };
  switch (state) {
    case 'succeeded': {
      const kept = publication === 'held' || publication === 'published' ? publication : undefined;
      return outboxWrite(ports, endEvents[state], tenantId, { ...told, state, publication: kept });
    }
    case 'failed':
      return outboxWrite(ports, endEvents[state], tenantId, { ...told, state, stageId: failure?.stage });
    case 'cancelled':
      return outboxWrite(ports, endEvents[state], tenantId, { ...told, state });
    case 'rejected':
      return outboxWrite(ports, endEvents[state], tenantId, { ...told, state });
  }
}

/** Which event tells of a terminal state. */
const endEvents = {
  succeeded: 'build.succeeded',
  failed: 'build.failed',
  cancelled: 'build.cancelled',
  rejected: 'build.rejected',
} as const satisfies Partial<Record<BuildRecord['state'], EngineEvent['type']>>;

/**
 * Writes a build's terminal state with its event, once: a build that is over stays as it is.
 * Answers the build as it is then.
 * @param beside what is to be written in the same transaction, and not at all where the build is over already
 * @param fields of the build that change with its end
 */
export async function endBuild(
  ports: Pick<SettleStagePorts, 'table' | 'clock' | 'ids'>,
  buildId: string,
  state: Exclude<keyof typeof endEvents, 'rejected'>,
  failure?: Failure,
  beside: readonly TableWrite[] = [],
  fields: Pick<BuildRecord, 'publication' | 'approvals' | 'compliance' | 'vulnerabilities'> = {},
): Promise<BuildRecord | undefined> {
  return updateBuild(ports.table, buildId, (build) => {
    if (build.endedAt !== undefined) return undefined;
    const ended = endedBuild(ports, { ...build, ...fields }, state, failure);
    return { build: ended.build, writes: [...ended.writes, ...beside] };
  });
}

/**
 * A build that has not ended as it is at its end, with what is written in the same transaction. Of one that its owner left
 * while others shared its work, the end is told as the work's, and how that ended is kept apart: it is cancelled.
 */
export function endedBuild(
  ports: Pick<SettleStagePorts, 'clock' | 'ids'>,
  build: BuildRecord,
  state: keyof typeof endEvents,
  failure?: Failure,
): Placed {
  const { build: closed, writes } = closeWork(build);
  const { holdsSlot: _, slots: __, charge: ___, ...rest } = closed;
  const left = build.withdrawnAt !== undefined && state !== 'rejected';
  const now = ports.clock.now();
  const ended: BuildRecord = {
    ...rest,
    ...(left ? { state: 'cancelled' as const, outcome: state } : { state }),
    endedAt: now.toISOString(),
    ...(failure === undefined || build.failure !== undefined ? {} : { failure }),
  };
  const told = left
    ? outboxWrite(ports, 'work.ended', build.tenantId, { buildId: build.id, state, code: ended.failure?.code })
    : endWrite(ports, ended, state);
  const freed = [...giveSlots(build), ...settleWrites(build, now)];
  const built = ended.state === 'succeeded' ? builtWrites(build) : [];
  const image = keepsArtifacts(ended) && build.startedAt !== undefined ? [imageWrite(newImage(ended), undefined)] : [];
  return { build: ended, writes: [told, ...built, ...image, ...writes, ...freed] };
}

import { endAttemptWrites } from '../../../core/billing/attempt-usage.ts';
import type { AttemptRecord, BuildRecord, Failure, StageRecord } from '../../../core/builds/build-record.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { classifyStop, mostRetries, retryDelay, spreadOf } from '../../../core/builds/classify.ts';
import { isEnding } from '../../../core/builds/ending.ts';
import { type ClassifiedStage, classifyMessageSchema } from '../../../core/builds/flow-messages.ts';
import { dropOwnResults, removeDamage } from '../../../core/builds/healing.ts';
import { isSettled } from '../../../core/builds/lifecycle.ts';
import { readLogTail } from '../../../core/builds/logs.ts';
import type { StepFailure } from '../../../core/builds/manifest.ts';
import { abortUploads } from '../../../core/builds/part-uploads.ts';
import { loadPlan } from '../../../core/builds/plan-store.ts';
import { promoteReceipts, readStageResult } from '../../../core/builds/receipts.ts';
import { findAttempt, getStage, stageWrite } from '../../../core/builds/stage-repository.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { errorCatalogue } from '../../../core/error-catalogue.ts';
import { toJson } from '../../../core/json.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import type { TableWrite } from '../../../core/ports/table.ts';

/**
 * Decides what a task's bad end means: the attempt ends (its ticket with it), what it had finished is kept, and the
 * stage is tried again or fails. A script's exit code never comes here: the agent exits 0 with its result.
 */
export async function handle(ports: Pick<Ports, 'table' | 'blobs' | 'clock'>, input: unknown): Promise<JsonValue> {
  const message = classifyMessageSchema.parse(input);
  const { buildId, stageId } = message;
  const [found, stage, attempt, plan] = await Promise.all([
    findBuild(ports.table, buildId),
    getStage(ports.table, buildId, stageId),
    findAttempt(ports.table, buildId, stageId, message.attempt),
    loadPlan(ports.blobs, buildId),
  ]);
  if (found === undefined) throw new Error(`the build ${buildId} is missing`);
  const build = found.value;
  const stop = classifyStop(message.error, message.cause);
  const now = ports.clock.now().toISOString();
  const settle: ClassifiedStage = { retry: false, waitSeconds: 0 };

  if (attempt === undefined) {
    // RunTask never had an attempt to run: nothing to keep, and nothing says that another try would find one.
    const failure: Failure = { code: 'builder.infrastructure', reason: stop.reason, stage: stageId, logTail: [] };
    await ports.table.transact([stageWrite(buildId, { ...stage.value, failure }, stage.version)]);
    return toJson(settle);
  }
  const { classified } = stage.value;
  // It was decided before, and whoever asked did not hear of it: a retry counts once.
  if (classified?.attempt === message.attempt) {
    return toJson({ retry: classified.retry, waitSeconds: classified.waitSeconds });
  }
  // Its caller lost sight of it, and went on with what another call in its stead had answered.
  if (isSettled(stage.value.state) || (classified !== undefined && classified.attempt > message.attempt)) {
    throw new Error(`the stage ${stageId} is beyond its attempt ${message.attempt}: this call is late`);
  }
  const decided = (next: StageRecord, answer: ClassifiedStage): TableWrite =>
    stageWrite(buildId, { ...next, classified: { attempt: message.attempt, ...answer } }, stage.version);
  const reported = await readStageResult(ports.blobs, buildId, attempt.value);
  await promoteReceipts(ports, build, plan, attempt.value);
  await abortUploads(ports.blobs, buildId, attempt.value);
  // Whoever saw first how it ended has said who pays for it.
  const ending = reported === undefined ? stop.kind : 'reported';
  const endAttempt = attempt.value.state === 'ended' ? [] : endAttemptWrites(build, attempt, { endedAt: now, ending });
  const refused = reported?.failure?.code === 'layer.damaged' ? reported.failure : undefined;
  // What ends with its build is no failure of its own; and what the agent itself said is the outcome, which SettleStage
  // reads. But a layer that it refused may be made again.
  if (isEnding(build) || (reported !== undefined && refused === undefined)) {
    if (endAttempt.length > 0) await ports.table.transact(endAttempt);
    return toJson(settle);
  }
  if (refused !== undefined) {
    const next = await afterRefusal(ports, build, plan, stage.value, attempt.value, refused);
    const answer: ClassifiedStage = { retry: next.failure === undefined, waitSeconds: 0 };
    await ports.table.transact([decided(next, answer), ...endAttempt]);
    return toJson(answer);
  }
  const used = stop.kind === 'timeout' ? 0 : stage.value.retries[stop.kind];
  const waitSeconds = retryDelay(stop, used, spreadOf(buildId, stageId, message.attempt));
  if (waitSeconds !== undefined) {
    const retries = stop.kind === 'timeout' ? stage.value.retries : { ...stage.value.retries, [stop.kind]: used + 1 };
    const answer: ClassifiedStage = { retry: true, waitSeconds };
    await ports.table.transact([decided({ ...stage.value, retries }, answer), ...endAttempt]);
    return toJson(answer);
  }
  const code =
    stop.kind === 'infrastructure' ? 'builder.infrastructure' : stop.kind === 'lost' ? 'builder.lost' : 'step.timeout';
  const { step, lines } = await readLogTail(ports.blobs, buildId, stageId, message.attempt);
  const failure: Failure = {
    code,
    reason: `${errorCatalogue[code].title}: ${stop.reason}`.slice(0, 2_000),
    stage: stageId,
    ...(step === undefined ? {} : { step }),
    logTail: lines,
  };
  await ports.table.transact([decided({ ...stage.value, failure }, settle), ...endAttempt]);
  return toJson(settle);
}

/**
 * The stage after its builder refused what it was to work on. What the store itself shows to be damaged is removed: made
 * by this stage, it is made again by its next attempt; made by another one, the build ends, and a resume makes it again.
 * Where the store is sound the builder or its network is not: once more. A second refusal takes the tenant's own
 * results away, so that a resume makes those again.
 */
async function afterRefusal(
  ports: Pick<Ports, 'table' | 'blobs'>,
  build: BuildRecord,
  plan: Plan,
  stage: StageRecord,
  attempt: AttemptRecord,
  refused: StepFailure,
): Promise<StageRecord> {
  const { retries } = stage;
  const damage = await removeDamage(ports, build, plan, attempt);
  const elsewhere = damage.find(({ step }) => !stage.steps.includes(step));
  const used = retries.damaged ?? 0;
  if (damage.length > 0 && elsewhere === undefined && used < mostRetries.damaged) {
    return { ...stage, retries: { ...retries, damaged: used + 1 } };
  }
  if (damage.length === 0 && retries.lost < mostRetries.lost) {
    return { ...stage, retries: { ...retries, lost: retries.lost + 1 } };
  }
  if (damage.length === 0) await dropOwnResults(ports, build, plan, attempt);
  const first = elsewhere ?? damage[0];
  const reason =
    first === undefined
      ? refused.reason
      : `What the step ${first.step} had made (sha256 ${first.digest}) was damaged in the store, and is removed.`;
  return { ...stage, failure: { ...refused, reason, stage: stage.id, step: first?.step ?? refused.step } };
}

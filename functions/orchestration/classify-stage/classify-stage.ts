import type { AttemptRecord, Failure } from '../../../core/builds/build-record.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { classifyStop, retryDelay, spreadOf } from '../../../core/builds/classify.ts';
import { isEnding } from '../../../core/builds/ending.ts';
import { type ClassifiedStage, classifyMessageSchema } from '../../../core/builds/flow-messages.ts';
import { readLogTail } from '../../../core/builds/logs.ts';
import { loadPlan } from '../../../core/builds/plan-store.ts';
import { promoteReceipts, readStageResult } from '../../../core/builds/receipts.ts';
import { attemptWrite, findAttempt, getStage, stageWrite } from '../../../core/builds/stage-repository.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { errorCatalogue } from '../../../core/errors.ts';
import { toJson } from '../../../core/json.ts';
import type { Ports } from '../../../core/ports/ports.ts';

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
  const reported = await readStageResult(ports.blobs, buildId, attempt.value);
  const ended: AttemptRecord = {
    ...attempt.value,
    state: 'ended',
    endedAt: attempt.value.endedAt ?? now,
    ending: reported === undefined ? stop.kind : 'reported',
  };
  await promoteReceipts(ports, build, plan, attempt.value);
  // The agent had said how it ended before its task did: that is the outcome, and SettleStage reads it.
  if (reported !== undefined) {
    await ports.table.transact([attemptWrite(buildId, ended, attempt.version)]);
    return toJson(settle);
  }
  // What ends with its build is no failure of its own.
  if (isEnding(build)) {
    await ports.table.transact([attemptWrite(buildId, ended, attempt.version)]);
    return toJson(settle);
  }
  const used = stop.kind === 'timeout' ? 0 : stage.value.retries[stop.kind];
  const waitSeconds = retryDelay(stop, used, spreadOf(buildId, stageId, message.attempt));
  if (waitSeconds !== undefined) {
    const retries = stop.kind === 'timeout' ? stage.value.retries : { ...stage.value.retries, [stop.kind]: used + 1 };
    await ports.table.transact([
      stageWrite(buildId, { ...stage.value, retries }, stage.version),
      attemptWrite(buildId, ended, attempt.version),
    ]);
    return toJson({ retry: true, waitSeconds });
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
  await ports.table.transact([
    stageWrite(buildId, { ...stage.value, failure }, stage.version),
    attemptWrite(buildId, ended, attempt.version),
  ]);
  return toJson(settle);
}

import { endAttemptWrites } from '../../../core/billing/attempt-usage.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildsInState, findBuild } from '../../../core/builds/build-repository.ts';
import { startExecution } from '../../../core/builds/executions.ts';
import { isTerminal } from '../../../core/builds/lifecycle.ts';
import { abortUploads } from '../../../core/builds/part-uploads.ts';
import { endBuild, wakeStage } from '../../../core/builds/settle.ts';
import { listAttempts, listStages } from '../../../core/builds/stage-repository.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { readTrigger } from '../../../core/events/envelope.ts';
import { buildOf } from '../../../core/events/subject.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { ConditionFailed } from '../../../core/ports/table.ts';
import { stopUnwanted } from '../../../core/sharing/cancel.ts';

type SettlePorts = Pick<Ports, 'table' | 'blobs' | 'flow' | 'tasks' | 'clock' | 'ids'>;

/** Milliseconds that a build may run before the sweep looks at it: its own events come sooner. */
const grace = 60_000;

/**
 * Ends what the state machine's Catch does not see: an execution that was stopped, timed out, overflowed or failed.
 * On a schedule's tick it looks at every running build: one without an execution gets it, one whose execution is over
 * is ended, a stage that waits for nothing more is told again, and what nobody wants any more is to be cancelled.
 */
export async function handle(ports: SettlePorts, input: unknown): Promise<JsonValue> {
  const trigger = readTrigger(input);
  if (trigger.kind === 'execution') {
    await settleBuild(ports, trigger.change.name);
    return { settled: [trigger.change.name] };
  }
  const redriven = buildOf(input);
  if (redriven !== undefined) {
    await settleBuild(ports, redriven);
    return { settled: [redriven] };
  }
  const before = ports.clock.now().getTime() - grace;
  const running = (await buildsInState(ports.table, 'running', 100))
    .map((build) => build.value)
    .filter((build) => build.startedAt !== undefined && new Date(build.startedAt).getTime() < before);
  for (const build of running) await sweepBuild(ports, build);
  return { settled: running.map((build) => build.id) };
}

async function sweepBuild(ports: SettlePorts, build: BuildRecord): Promise<void> {
  await stopUnwanted(ports, build);
  const status = await ports.flow.status(build.id);
  if (status === 'unknown') await startExecution(ports, build.id);
  else if (status !== 'running') await settleBuild(ports, build.id);
  else {
    for (const { value: stage, pending } of await listStages(ports.table, build.id)) {
      if (stage.state === 'pending' && pending === 0) await wakeStage(ports.flow, stage);
    }
  }
}

async function settleBuild(ports: SettlePorts, buildId: string): Promise<void> {
  const found = await findBuild(ports.table, buildId);
  if (found === undefined) return;
  const build = found.value;
  if (!isTerminal(build.state)) {
    if (build.cancelRequestedAt !== undefined) await endBuild(ports, buildId, 'cancelled');
    else {
      await endBuild(ports, buildId, 'failed', {
        code: 'internal.error',
        reason: 'The execution of the build ended before the build did.',
        logTail: [],
      });
    }
  }
  const tasks = (await ports.tasks.running()).filter((task) => task.buildId === buildId);
  await Promise.all(tasks.map((task) => ports.tasks.stop(task.taskId, 'The build is over.')));
  await endAttempts(ports, build);
}

/** No ticket outlives its build; what its builders used until now is recorded. */
async function endAttempts(ports: SettlePorts, build: BuildRecord): Promise<void> {
  const { id: buildId } = build;
  const endedAt = ports.clock.now().toISOString();
  for (const { value, version } of await listAttempts(ports.table, buildId)) {
    if (value.state === 'ended') continue;
    await abortUploads(ports.blobs, buildId, value);
    try {
      await ports.table.transact(endAttemptWrites(build, { value, version }, { endedAt, ending: 'stopped' }));
    } catch (error) {
      // A last heartbeat came between. The exchange refuses tickets of a build that is over in any case.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

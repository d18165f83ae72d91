import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildsInState, queuedBuilds, updateBuild } from '../../../core/builds/build-repository.ts';
import { buildsToStart, type DispatchLimits } from '../../../core/builds/dispatch-order.ts';
import { startExecution } from '../../../core/builds/executions.ts';
import { takeSlot } from '../../../core/builds/running-builds.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { outboxWrite } from '../../../core/events/outbox.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { ConditionFailed } from '../../../core/ports/table.ts';
import { stopUnwanted } from '../../../core/sharing/cancel.ts';

type DispatchPorts = Pick<Ports, 'table' | 'flow' | 'clock' | 'ids' | 'installation'>;

/**
 * Starts queued builds, oldest first, under the caps of installation and tenant. Which ones is decided by what an index
 * tells, which may lag; the caps themselves are counters that the start's own transaction raises, so that two of these
 * at once do not pass them. An execution's name is the build's id: a duplicate starts nothing. A crash between the
 * state and the start is mended by settle-build's sweep.
 */
export async function handle(ports: DispatchPorts, _input: unknown): Promise<JsonValue> {
  const { concurrentBuilds, concurrentBuildsPerTenant } = ports.installation;
  const limits: DispatchLimits = { installation: concurrentBuilds, tenant: concurrentBuildsPerTenant };
  const running = (await buildsInState(ports.table, 'running', concurrentBuilds)).map((build) => build.value);
  const started: BuildRecord[] = [];
  // Asked for at the end of the queue, when it is known whether anything else waits.
  const last: BuildRecord[] = [];
  const startDue = async (builds: readonly BuildRecord[]): Promise<void> => {
    for (const build of buildsToStart(builds, [...running, ...started], limits)) {
      if (await start(ports, build, limits)) started.push(build);
    }
  };
  for await (const page of queuedBuilds(ports.table)) {
    const wanted: BuildRecord[] = [];
    for (const build of page) {
      if (build.cancelRequestedAt !== undefined) await endBuild(ports, build.id, 'cancelled');
      else if (await stopUnwanted(ports, build)) continue;
      else if (build.purpose === 'warm') last.push(build);
      else wanted.push(build);
    }
    const before = started.length;
    await startDue(wanted);
    if (started.length - before < wanted.length) last.push(...wanted.filter((build) => !started.includes(build)));
    if (running.length + started.length >= concurrentBuilds) return { started: started.map((build) => build.id) };
  }
  await startDue(last);
  return { started: started.map((build) => build.id) };
}

/** Moves a queued build to running and starts its execution; false where it is queued no more or a cap is reached. */
async function start(ports: DispatchPorts, build: BuildRecord, limits: DispatchLimits): Promise<boolean> {
  let moved = false;
  try {
    await updateBuild(ports.table, build.id, (current) => {
      moved = current.state === 'queued' && current.cancelRequestedAt === undefined;
      if (!moved) return undefined;
      const startedAt = ports.clock.now().toISOString();
      const next: BuildRecord = { ...current, state: 'running', startedAt, holdsSlot: true };
      const event = current.withdrawnAt === undefined ? 'build.started' : 'work.started';
      const started = outboxWrite(ports, event, current.tenantId, { buildId: build.id });
      return { build: next, writes: [started, ...takeSlot(current.tenantId, limits)] };
    });
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
  if (moved) await startExecution(ports, build.id);
  return moved;
}

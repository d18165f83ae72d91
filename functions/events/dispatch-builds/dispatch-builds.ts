import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildsInState, updateBuild } from '../../../core/builds/build-repository.ts';
import { buildsToStart } from '../../../core/builds/dispatch-order.ts';
import { startExecution } from '../../../core/builds/executions.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { outboxWrite } from '../../../core/events/outbox.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/**
 * Starts queued builds, oldest first, under the installation's cap. An execution's name is the build's id: a duplicate
 * starts nothing. A crash between the state and the start is mended by settle-build's sweep.
 */
export async function handle(
  ports: Pick<Ports, 'table' | 'flow' | 'clock' | 'ids' | 'installation'>,
  _input: unknown,
): Promise<JsonValue> {
  const cap = ports.installation.concurrentBuilds;
  const [running, queued] = await Promise.all([
    buildsInState(ports.table, 'running', cap),
    buildsInState(ports.table, 'queued', cap),
  ]);
  const unwanted = queued.filter(({ value }) => value.cancelRequestedAt !== undefined);
  for (const { value: build } of unwanted) await endBuild(ports, build.id, 'cancelled');
  const wanted = queued.map(({ value }) => value).filter((build) => build.cancelRequestedAt === undefined);
  const due = buildsToStart(
    wanted,
    running.map(({ value }) => value),
    { installation: cap, tenant: cap },
  );
  const started: string[] = [];
  for (const build of due) {
    let moved = false;
    await updateBuild(ports.table, build.id, (current) => {
      moved = current.state === 'queued' && current.cancelRequestedAt === undefined;
      if (!moved) return undefined;
      const next: BuildRecord = { ...current, state: 'running', startedAt: ports.clock.now().toISOString() };
      return { build: next, writes: [outboxWrite(ports, 'build.started', current.tenantId, { buildId: build.id })] };
    });
    if (!moved) continue;
    await startExecution(ports, build.id);
    started.push(build.id);
  }
  return { started };
}

import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildsInState, updateBuild } from '../../../core/builds/build-repository.ts';
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
  const started: string[] = [];
  for (const { value: build } of queued) {
    if (build.cancelRequestedAt !== undefined) {
      await endBuild(ports, build.id, 'cancelled');
      continue;
    }
    if (running.length + started.length >= cap) break;
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

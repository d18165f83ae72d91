import { findBuild } from '../../../core/builds/build-repository.ts';
import { isEnding } from '../../../core/builds/ending.ts';
import { findAttempt } from '../../../core/builds/stage-repository.ts';
import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/**
 * Ends builders whose build is over or ending, or whose attempt has ended: stopping a `.sync` task is best effort on
 * AWS, and an agent that was tampered with need not listen to its heartbeat.
 */
export async function handle(ports: Pick<Ports, 'table' | 'tasks'>, _input: unknown): Promise<JsonValue> {
  const reaped: string[] = [];
  for (const task of await ports.tasks.running()) {
    const [build, attempt] = await Promise.all([
      findBuild(ports.table, task.buildId),
      findAttempt(ports.table, task.buildId, task.stageId, task.attempt),
    ]);
    const alive = build !== undefined && !isEnding(build.value) && attempt?.value.state === 'live';
    if (alive) continue;
    await ports.tasks.stop(task.taskId, 'The build or the attempt of this task is over or ending.');
    reaped.push(task.taskId);
  }
  return { reaped };
}

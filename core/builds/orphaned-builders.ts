import type { BuilderTasks } from '../ports/builder-tasks.ts';
import type { Table } from '../ports/table.ts';
import { findBuild } from './build-repository.ts';
import { isEnding } from './ending.ts';
import { findAttempt } from './stage-repository.ts';

interface BuilderPorts {
  readonly table: Table;
  readonly tasks: BuilderTasks;
}

/**
 * Builders whose build is over or ending, or whose attempt has ended: stopping a `.sync` task is best effort on AWS, and
 * an agent that was tampered with need not listen to its heartbeat.
 */
export async function orphanedBuilders({ table, tasks }: BuilderPorts) {
  const all = await tasks.running();
  const isOrphan = await Promise.all(
    all.map(async (task) => {
      const [build, attempt] = await Promise.all([
        findBuild(table, task.buildId),
        findAttempt(table, task.buildId, task.stageId, task.attempt),
      ]);
      return build === undefined || isEnding(build.value) || attempt?.value.state !== 'live';
    }),
  );
  return all.filter((_, at) => isOrphan[at]);
}

/** Ends a builder. One that is gone is as good as ended. */
export function stopOrphan({ tasks }: Pick<BuilderPorts, 'tasks'>, taskId: string): Promise<void> {
  return tasks.stop(taskId, 'The build or the attempt of this task is over or ending.');
}

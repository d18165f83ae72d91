import { judge } from '../../../core/approvals/outcome.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { isTerminal } from '../../../core/builds/lifecycle.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { buildOf } from '../../../core/events/subject.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { leaveWork } from '../../../core/sharing/cancel.ts';

/**
 * Ends a build that shares a work for itself alone. Of any other it carries out the cancellation that was asked for: the
 * execution is stopped, its builders are ended, and the terminal state is written. Safe to repeat.
 */
export async function handle(
  ports: Pick<Ports, 'table' | 'flow' | 'tasks' | 'clock' | 'ids'>,
  input: unknown,
): Promise<JsonValue> {
  const buildId = buildOf(input);
  const found = buildId === undefined ? undefined : await findBuild(ports.table, buildId);
  if (buildId === undefined || found === undefined) return { cancelled: false };
  const build = found.value;
  if (build.cancelRequestedAt !== undefined && build.sharesWith !== undefined) {
    await leaveWork(ports, buildId, build.sharesWith);
    return { cancelled: true };
  }
  if (build.cancelRequestedAt === undefined || isTerminal(build.state)) return { cancelled: false };
  if (build.state === 'running') {
    await ports.flow.stop(buildId, 'The build was cancelled.');
    const tasks = (await ports.tasks.running()).filter((task) => task.buildId === buildId);
    await Promise.all(tasks.map((task) => ports.tasks.stop(task.taskId, 'The build was cancelled.')));
  }
  // A planner at work sees the wish itself; whoever comes second finds the build ended.
  await endBuild(ports, buildId, 'cancelled');
  const request = build.approvals?.build;
  // Nobody is asked any more.
  if (request !== undefined) await judge(ports, build.tenantId, request);
  return { cancelled: true };
}

import { sha256 } from '../digest.ts';
import { stoppedTaskSchema } from './flow-messages.ts';

/**
 * What ended a task badly.
 * - infrastructure: Spot, capacity, network interface, image pull, the machine itself. The tenant can do nothing.
 * - lost: the agent vanished; a script may have ended it, or it ran out of memory.
 * - timeout: the state machine's own bound.
 */
export interface Stop {
  readonly kind: 'infrastructure' | 'lost' | 'timeout';
  readonly reason: string;
  /** Whether waiting before the next try helps. */
  readonly waits: boolean;
}

/**
 * How often a stage is tried again. Infrastructure causes are the service's cost: three times; a lost builder may be
 * the tenant's doing: once; damage in the store is found one after the other by builders: twice. Their sum is bounded by
 * the history that Step Functions allows an execution (test/simulation/history.test.ts): a seventh retry is too many.
 */
export const mostRetries = { infrastructure: 3, lost: 1, timeout: 0, damaged: 2 } as const satisfies Record<
  Stop['kind'] | 'damaged',
  number
>;

/**
 * Seconds until a stage's next attempt; undefined where it is not tried again. A machine that was restarted is there
 * again; capacity comes back slowly, and those who wait for it must not all come back at once.
 * @param used retries for this kind of cause so far
 * @param spread from 0 to 1: half to one and a half of the usual delay
 */
export function retryDelay(stop: Stop, used: number, spread = 0.5): number | undefined {
  if (used >= mostRetries[stop.kind]) return undefined;
  return stop.waits ? Math.round(5 * 4 ** used * (0.5 + spread)) : 0;
}

/**
 * Where in its spread an attempt's delay lies, from 0 to 1: even over attempts, and the same whenever it is asked, so
 * that a function that is called twice answers once.
 */
export function spreadOf(buildId: string, stageId: string, attempt: number): number {
  return Number.parseInt(sha256(`${buildId} ${stageId} ${attempt}`).slice(0, 8), 16) / 0xffff_ffff;
}

/** ECS StopCodes (API reference, Task.stopCode) that say the container never had a chance or its host went away. */
const hostStops = new Set(['TaskFailedToStart', 'SpotInterruption', 'TerminationNotice']);

/** Reads the error and cause of `ecs:runTask.sync`. Text that is no task description is a failure to start one. */
export function classifyStop(error: string, cause: string): Stop {
  if (error === 'States.Timeout' || error === 'States.HeartbeatTimeout') {
    return { kind: 'timeout', reason: 'the builder did not end in time', waits: false };
  }
  const task = parseTask(cause);
  if (task === undefined) {
    return {
      kind: 'infrastructure',
      reason: `the task could not be started (${error}): ${cause}`.slice(0, 1_000),
      waits: true,
    };
  }
  const container = task.Containers?.[0];
  const reason = [
    task.StopCode,
    task.StoppedReason,
    container?.Reason,
    container?.ExitCode === undefined ? undefined : `exit code ${container.ExitCode}`,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('; ')
    .slice(0, 1_000);
  if (task.StopCode !== undefined && hostStops.has(task.StopCode)) {
    return { kind: 'infrastructure', reason, waits: task.StopCode !== 'TerminationNotice' };
  }
  return { kind: 'lost', reason, waits: false };
}

function parseTask(cause: string) {
  try {
    const value: unknown = JSON.parse(cause);
    const parsed = stoppedTaskSchema.safeParse(value);
    return parsed.success ? parsed.data : undefined;
  } catch {
    // RunTask's own refusals come as plain text: no task was made.
    return undefined;
  }
}

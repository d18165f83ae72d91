import type { JsonValue } from '../../core/digest.ts';
import { toJson } from '../../core/json.ts';
import { childController, within } from './deadline.ts';
import { lostTask, StateFailed, stoppedTask, TaskFailed } from './failure.ts';
import type { TaskOutcome } from './journal-rows.ts';
import { contextOf, deadlineOf, evaluateField, type Run, type RunningTask, store, track } from './run.ts';
import { parseRunTask, type RunTaskRequest } from './run-task.ts';
import type { TaskState } from './states.ts';
import type { Thread } from './thread.ts';

/**
 * `ecs:runTask.sync`: starts a builder task and waits for its end. Its id and client token are stored before the start,
 * its outcome when it ends: so a client token starts one task whatever happens, and a task whose process went with a
 * crash of the engine ends as one that ECS lost.
 * @throws StateFailed States.TaskFailed with the task's description, States.Timeout, or an ECS.* error.
 */
export async function performBuilderTask(run: Run, thread: Thread, state: TaskState): Promise<JsonValue> {
  const { clock, ids, journal, runningTasks } = run.parts;
  const stored = thread.body.attempt;
  if (stored?.kind === 'task') {
    const task = journal.task(run.name, stored.clientToken);
    if (task !== undefined) return settle(task.outcome ?? declareLost(run, stored.clientToken, stored.taskId));
  }
  const args = await evaluateField(run, thread, 'Arguments', state.Arguments, contextOf(run, thread));
  const request = parseRunTask(args);
  const deadline = await deadlineOf(run, thread, state.TimeoutSeconds);
  thread.signal.throwIfAborted();

  const key = JSON.stringify([run.name, request.clientToken]);
  const known = journal.task(run.name, request.clientToken);
  if (known?.outcome !== undefined) return settle(known.outcome);
  let running = runningTasks.get(key);
  if (known !== undefined && running === undefined) {
    return settle(declareLost(run, request.clientToken, known.taskId));
  }
  const taskId = known?.taskId ?? ids.next('tsk');
  const attempt = { kind: 'task' as const, taskId, clientToken: request.clientToken, deadline };
  store(run, thread, { ...thread.body, attempt });
  running ??= start(run, thread.signal, key, request, taskId);

  try {
    const ended = await within(clock, deadline, thread.signal, running.ended);
    thread.signal.throwIfAborted();
    if ('notStarted' in ended) {
      journal.forgetTask(run.name, request.clientToken);
      throw ended.notStarted;
    }
    journal.endTask(run.name, request.clientToken, ended);
    return settle(ended);
  } catch (thrown) {
    if (!thread.signal.aborted && thrown instanceof StateFailed && thrown.error === 'States.Timeout') {
      running.controller.abort(thrown);
      const stopped = stoppedTask(taskId, 'UserInitiated', 'the state timed out');
      journal.endTask(run.name, request.clientToken, { error: stopped.error, cause: stopped.cause });
    }
    throw thrown;
  }
}

function start(run: Run, signal: AbortSignal, key: string, request: RunTaskRequest, taskId: string): RunningTask {
  const { parts } = run;
  const controller = childController(signal);
  const call = async (): Promise<TaskOutcome | { notStarted: StateFailed }> => {
    try {
      return { result: toJson((await parts.runTask(request, { taskId, signal: controller.signal })) ?? null) };
    } catch (thrown) {
      if (!(thrown instanceof TaskFailed)) {
        // The runner itself broke: whatever it had started, the build is not to blame.
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        const failed = stoppedTask(taskId, 'TaskFailedToStart', reason);
        return { error: failed.error, cause: failed.cause };
      }
      if (/^(ECS|AmazonECS)\./.test(thrown.error)) return { notStarted: thrown };
      return { error: thrown.error, cause: thrown.cause };
    } finally {
      parts.runningTasks.delete(key);
    }
  };
  const running = { controller, ended: track(parts, call()) };
  parts.runningTasks.set(key, running);
  return running;
}

function declareLost(run: Run, clientToken: string, taskId: string): TaskOutcome {
  const lost = lostTask(taskId, 'The engine restarted while the task ran');
  const outcome = { error: lost.error, cause: lost.cause };
  run.parts.journal.endTask(run.name, clientToken, outcome);
  return outcome;
}

function settle(outcome: TaskOutcome): JsonValue {
  if ('result' in outcome) return outcome.result;
  throw new TaskFailed(outcome.error, outcome.cause);
}

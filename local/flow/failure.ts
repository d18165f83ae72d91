/** A state failed: the pair that Retry and Catch see, `Error` by name and `Cause` as text. */
export class StateFailed extends Error {
  readonly error: string;
  override readonly cause: string;

  constructor(error: string, cause: string) {
    super(`${error}: ${cause}`);
    this.name = 'StateFailed';
    this.error = error;
    this.cause = cause;
  }
}

/**
 * What a task runner throws when a task did not end well. `States.TaskFailed` with a JSON cause is a task that was
 * started and ended badly; a name that begins `ECS.` or `AmazonECS.` says that no task was started, so that the same
 * client token may start one later.
 */
export class TaskFailed extends StateFailed {
  constructor(error: string, cause: string) {
    super(error, cause);
    this.name = 'TaskFailed';
  }
}

/** Longest Cause that is kept, in UTF-16 units: Step Functions ends it at 32,768. */
const causeLimit = 32_768;

/**
 * The failure of a function that threw, as Lambda tells it: the error's name, and a JSON cause of type and message.
 * The stack stays out: it would tell of this machine's paths.
 */
export function functionFailure(thrown: unknown): StateFailed {
  if (thrown instanceof StateFailed) return thrown;
  const name = thrown instanceof Error && thrown.name !== '' ? thrown.name : 'Error';
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new StateFailed(name, JSON.stringify({ errorType: name, errorMessage: message }).slice(0, causeLimit));
}

/**
 * The failure of a task that this machine can no longer ask: written as ECS describes a task whose host went away, so
 * that a catcher takes it for what it is, the service's loss and not the build's.
 */
export function lostTask(taskId: string, reason: string): TaskFailed {
  return stoppedTask(taskId, 'TerminationNotice', reason);
}

/** States.TaskFailed with an ECS task description as its cause (PascalCase, as the service integration writes it). */
export function stoppedTask(taskId: string, stopCode: string, reason: string): TaskFailed {
  const cause = {
    TaskArn: taskId,
    LastStatus: 'STOPPED',
    StopCode: stopCode,
    StoppedReason: reason,
    Containers: [{ Name: 'builder', LastStatus: 'STOPPED', Reason: reason }],
  };
  return new TaskFailed('States.TaskFailed', JSON.stringify(cause).slice(0, causeLimit));
}

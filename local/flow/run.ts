import type { JsonObject, JsonValue } from '../../core/digest.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Ids } from '../../core/ports/ids.ts';
import type { Definition } from './definition.ts';
import { type Bindings, evaluate } from './expression.ts';
import { StateFailed } from './failure.ts';
import type { FlowJournal } from './journal.ts';
import type { TaskOutcome } from './journal-rows.ts';
import type { RunTaskHandler } from './run-task.ts';
import type { Thread, ThreadBody } from './thread.ts';

/** Bytes of JSON that a state's input, output or result may have in Step Functions. */
const dataLimit = 262_144;

/** A task that runs in this process. */
export interface RunningTask {
  readonly controller: AbortController;
  /** Never rejects. `notStarted`: the client token may start a task later. */
  readonly ended: Promise<TaskOutcome | { readonly notStarted: StateFailed }>;
}

/** What the interpreter stands on. */
export interface FlowParts {
  readonly journal: FlowJournal;
  readonly lambda: (name: string, payload: JsonValue) => Promise<JsonValue>;
  readonly runTask: RunTaskHandler;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Wakes the thread that waits for a token. */
  readonly tokenWaiters: Map<string, () => void>;
  /** By execution and client token. */
  readonly runningTasks: Map<string, RunningTask>;
  /** Calls that this process has not yet got back. */
  readonly inFlight: Set<Promise<unknown>>;
}

/** One execution that runs. */
export interface Run {
  readonly parts: FlowParts;
  readonly name: string;
  readonly input: JsonObject;
  readonly startedAt: number;
  readonly definition: Definition;
}

/** Name and ARN of the machine as the context object shows them: on one machine there is one. */
const machine = { name: 'build', account: '000000000000' };

/** The context object of a state. */
export function contextOf(
  run: Run,
  thread: Thread,
  more: { token?: string; item?: { index: number; value: JsonValue } } = {},
): JsonObject {
  const item = more.item ?? thread.body.item;
  return {
    Execution: {
      Id: `arn:aws:states:local:${machine.account}:execution:${machine.name}:${run.name}`,
      Input: run.input,
      Name: run.name,
      StartTime: new Date(run.startedAt).toISOString(),
    },
    StateMachine: { Name: machine.name },
    State: {
      Name: thread.body.state,
      EnteredTime: new Date(thread.body.enteredAt).toISOString(),
      RetryCount: thread.body.retries.reduce((sum, count) => sum + count, 0),
    },
    ...(item === undefined ? {} : { Map: { Item: { Index: item.index, Value: item.value } } }),
    ...(more.token === undefined ? {} : { Task: { Token: more.token } }),
  };
}

/** Evaluates a field of a thread's state. */
export async function evaluateField(
  run: Run,
  thread: Thread,
  field: string,
  template: JsonValue,
  context: JsonObject,
  more: { result?: JsonValue; errorOutput?: JsonObject } = {},
): Promise<JsonValue> {
  const bindings: Bindings = {
    states: { input: thread.body.input, context, ...more },
    variables: { ...thread.outer, ...thread.body.variables },
  };
  return evaluate(run.definition.expressions, template, bindings, `${thread.body.state}.${field}`);
}

/**
 * Evaluates a field that must be a whole number of at least `minimum`.
 * @throws StateFailed States.QueryEvaluationError where it is none.
 */
export async function evaluateInteger(
  run: Run,
  thread: Thread,
  field: string,
  template: JsonValue,
  minimum: number,
): Promise<number> {
  const value = await evaluateField(run, thread, field, template, contextOf(run, thread));
  if (typeof value === 'number' && Number.isInteger(value) && value >= minimum) return value;
  throw new StateFailed(
    'States.QueryEvaluationError',
    `${thread.body.state}.${field}: must be an integer of at least ${minimum}, not ${JSON.stringify(value)}`,
  );
}

/** The instant at which a state's TimeoutSeconds end, counted from now; undefined where it has none. */
export async function deadlineOf(
  run: Run,
  thread: Thread,
  timeoutSeconds: JsonValue | undefined,
): Promise<number | undefined> {
  if (timeoutSeconds === undefined) return undefined;
  const seconds = await evaluateInteger(run, thread, 'TimeoutSeconds', timeoutSeconds, 1);
  return run.parts.clock.now().getTime() + seconds * 1_000;
}

/**
 * Refuses data that Step Functions would refuse, so that a build that works here works there.
 * @throws StateFailed States.DataLimitExceeded.
 */
export function checkSize(thread: Thread, field: string, value: JsonValue): void {
  if (Buffer.byteLength(JSON.stringify(value)) > dataLimit) {
    throw new StateFailed('States.DataLimitExceeded', `${thread.body.state}.${field} exceeds ${dataLimit} bytes`);
  }
}

/** Replaces a thread's body, on the disk first; answers the ids of new iterations. */
export function store(
  run: Run,
  thread: Thread,
  body: ThreadBody,
  iterations: readonly ThreadBody[] = [],
): readonly number[] {
  const ids = run.parts.journal.store(run.name, thread.id, body, iterations);
  thread.body = body;
  thread.stored = true;
  return ids;
}

/** Remembers a call until it is back, so that closing can wait for it. */
export function track<T>(parts: FlowParts, call: Promise<T>): Promise<T> {
  const settled = call.then(
    () => undefined,
    () => undefined,
  );
  parts.inFlight.add(settled);
  settled.then(() => parts.inFlight.delete(settled));
  return call;
}

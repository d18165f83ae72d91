import type { JsonObject, JsonValue } from '../../core/digest.ts';
import { performBuilderTask } from './builder-task.ts';
import { sleepUntil } from './deadline.ts';
import { StateFailed } from './failure.ts';
import { performFunction, performTokenWait } from './function-task.ts';
import { performMap } from './map.ts';
import { catcherOf, nextRetry } from './retry.ts';
import { checkSize, contextOf, evaluateField, evaluateInteger, type Run, store } from './run.ts';
import type { ChoiceState, FailState, MapState, State, TaskState, WaitState } from './states.ts';
import type { Thread } from './thread.ts';

/** A state's end: where the thread goes with which data. `next` undefined: the thread has ended. */
interface Move {
  readonly next: string | undefined;
  readonly output: JsonValue;
  readonly variables: JsonObject;
}

/**
 * Runs a thread from its stored state to its end. What a state did is on the disk before the next one touches anything
 * outside; when the thread's signal aborts, nothing more is stored.
 * @returns the output of the last state, which the caller stores.
 * @throws StateFailed where a state fails that has no retrier and no catcher for it; the signal's reason.
 */
export async function runThread(run: Run, thread: Thread): Promise<JsonValue> {
  const { clock } = run.parts;
  for (;;) {
    const state = thread.scope.States.get(thread.body.state);
    if (state === undefined) throw new StateFailed('States.Runtime', `there is no state ${thread.body.state}`);
    if (thread.body.attempt?.kind === 'retry') {
      await sleepUntil(clock, thread.body.attempt.until, thread.signal);
      thread.body = { ...thread.body, attempt: undefined };
    }
    thread.signal.throwIfAborted();
    let move: Move;
    let caught = false;
    try {
      move = await perform(run, thread, state);
      checkSize(thread, 'Output', move.output);
    } catch (thrown) {
      thread.signal.throwIfAborted();
      const failure = failureOf(thrown);
      if (retry(run, thread, state, failure)) continue;
      caught = true;
      move = await catchFailure(run, thread, state, failure);
    }
    thread.signal.throwIfAborted();
    if (move.next === undefined) return move.output;
    const body = {
      phase: 'running' as const,
      state: move.next,
      input: move.output,
      variables: move.variables,
      enteredAt: clock.now().getTime(),
      retries: [],
      item: thread.body.item,
    };
    thread.body = body;
    if (caught || isFunction(state)) thread.stored = false;
  }
}

async function perform(run: Run, thread: Thread, state: State): Promise<Move> {
  const { input } = thread.body;
  switch (state.Type) {
    case 'Pass':
      return conclude(run, thread, '', state, state.Next, input, {});
    case 'Choice':
      return choose(run, thread, state);
    case 'Wait':
      await wait(run, thread, state);
      return conclude(run, thread, '', state, state.Next, input, {});
    case 'Task': {
      const result = await performTask(run, thread, state);
      checkSize(thread, 'result', result);
      return conclude(run, thread, '', state, state.Next, result, { result });
    }
    case 'Map': {
      const result = await performMap(run, thread, state, (iteration) => runThread(run, iteration));
      return conclude(run, thread, '', state, state.Next, result, { result });
    }
    case 'Succeed':
      return conclude(run, thread, '', { Output: state.Output }, undefined, input, {});
    case 'Fail':
      throw await failed(run, thread, state);
  }
}

function performTask(run: Run, thread: Thread, state: TaskState): Promise<JsonValue> {
  switch (state.Resource) {
    case 'arn:aws:states:::lambda:invoke':
      return performFunction(run, thread, state);
    case 'arn:aws:states:::lambda:invoke.waitForTaskToken':
      return performTokenWait(run, thread, state);
    case 'arn:aws:states:::ecs:runTask.sync':
      return performBuilderTask(run, thread, state);
  }
}

/** Output and Assign see the same variables: what Assign changes shows from the next state on. */
async function conclude(
  run: Run,
  thread: Thread,
  place: string,
  fields: { readonly Output?: JsonValue | undefined; readonly Assign?: JsonObject | undefined },
  next: string | undefined,
  otherwise: JsonValue,
  more: { result?: JsonValue; errorOutput?: JsonObject },
): Promise<Move> {
  const context = contextOf(run, thread);
  const output =
    fields.Output === undefined
      ? otherwise
      : await evaluateField(run, thread, `${place}Output`, fields.Output, context, more);
  const assigned: Record<string, JsonValue> = {};
  for (const [name, template] of Object.entries(fields.Assign ?? {})) {
    assigned[name] = await evaluateField(run, thread, `${place}Assign.${name}`, template, context, more);
  }
  return { next, output, variables: { ...thread.body.variables, ...assigned } };
}

async function choose(run: Run, thread: Thread, state: ChoiceState): Promise<Move> {
  for (const [index, rule] of state.Choices.entries()) {
    const place = `Choices[${index}]`;
    const holds = await evaluateField(run, thread, `${place}.Condition`, rule.Condition, contextOf(run, thread));
    if (typeof holds !== 'boolean') {
      const place = `${thread.body.state}.Choices[${index}].Condition`;
      throw new StateFailed('States.QueryEvaluationError', `${place}: must be true or false`);
    }
    if (holds) return conclude(run, thread, `${place}.`, rule, rule.Next, thread.body.input, {});
  }
  if (state.Default === undefined) {
    throw new StateFailed('States.NoChoiceMatched', `no choice of ${thread.body.state} matched`);
  }
  return conclude(run, thread, '', state, state.Default, thread.body.input, {});
}

/** The instant of the end is stored, so that a crash does not make the wait longer. */
async function wait(run: Run, thread: Thread, state: WaitState): Promise<void> {
  const { clock } = run.parts;
  let until = thread.body.attempt?.kind === 'wait' ? thread.body.attempt.until : undefined;
  if (until === undefined) {
    const seconds = await evaluateInteger(run, thread, 'Seconds', state.Seconds, 0);
    thread.signal.throwIfAborted();
    if (seconds === 0) return;
    until = clock.now().getTime() + seconds * 1_000;
    store(run, thread, { ...thread.body, attempt: { kind: 'wait', until } });
  }
  await sleepUntil(clock, until, thread.signal);
}

async function failed(run: Run, thread: Thread, state: FailState): Promise<StateFailed> {
  const text = async (field: string, template: string | undefined): Promise<string> => {
    if (template === undefined) return '';
    const value = await evaluateField(run, thread, field, template, contextOf(run, thread));
    if (typeof value === 'string') return value;
    throw new StateFailed('States.QueryEvaluationError', `${thread.body.state}.${field}: must be a string`);
  };
  return new StateFailed(await text('Error', state.Error), await text('Cause', state.Cause));
}

/** Stores a retry where a retrier covers the failure; false where none does or its attempts are used up. */
function retry(run: Run, thread: Thread, state: State, failure: StateFailed): boolean {
  if (!handlesErrors(state)) return false;
  const { clock, ids } = run.parts;
  const random = Buffer.from(ids.secret(4), 'base64url').readUInt32BE() / 2 ** 32;
  const next = nextRetry(state.Retry, failure, thread.body.retries, random);
  if (next === undefined) return false;
  const until = clock.now().getTime() + next.delay;
  store(run, thread, { ...thread.body, retries: next.retries, attempt: { kind: 'retry', until } });
  return true;
}

async function catchFailure(run: Run, thread: Thread, state: State, failure: StateFailed): Promise<Move> {
  const catcher = handlesErrors(state) ? catcherOf(state.Catch, failure) : undefined;
  if (catcher === undefined || !handlesErrors(state)) throw failure;
  const errorOutput = { Error: failure.error, Cause: failure.cause };
  const place = `Catch[${state.Catch.indexOf(catcher)}].`;
  const move = await conclude(run, thread, place, catcher, catcher.Next, errorOutput, { errorOutput });
  checkSize(thread, `${place}Output`, move.output);
  return move;
}

function handlesErrors(state: State): state is TaskState | MapState {
  return state.Type === 'Task' || state.Type === 'Map';
}

function isFunction(state: State): boolean {
  return state.Type === 'Task' && state.Resource === 'arn:aws:states:::lambda:invoke';
}

/** A fault of the interpreter itself is no error that a definition may catch. */
function failureOf(thrown: unknown): StateFailed {
  if (thrown instanceof StateFailed) return thrown;
  return new StateFailed('States.Runtime', thrown instanceof Error ? thrown.message : String(thrown));
}

import type { JsonValue } from '../../core/digest.ts';
import { toJson } from '../../core/json.ts';
import { within } from './deadline.ts';
import { functionFailure, StateFailed } from './failure.ts';
import { isObject } from './json.ts';
import { checkSize, contextOf, deadlineOf, evaluateField, type Run, store, track } from './run.ts';
import type { TaskState } from './states.ts';
import type { Attempt, Thread } from './thread.ts';

/**
 * `lambda:invoke`: calls a function and answers as the service integration does. Nothing is stored before the call but
 * a deadline: after a crash the function is called again.
 * @throws StateFailed with the name of the function's error, or States.Timeout.
 */
export async function performFunction(run: Run, thread: Thread, state: TaskState): Promise<JsonValue> {
  const { clock } = run.parts;
  const stored = thread.body.attempt;
  const deadline = stored?.kind === 'function' ? stored.deadline : await deadlineOf(run, thread, state.TimeoutSeconds);
  const args = await evaluateField(run, thread, 'Arguments', state.Arguments, contextOf(run, thread));
  thread.signal.throwIfAborted();
  if (deadline !== undefined && stored?.kind !== 'function') {
    store(run, thread, { ...thread.body, attempt: { kind: 'function', deadline } });
  } else if (!thread.stored) {
    store(run, thread, thread.body);
  }
  const payload = await within(clock, deadline, thread.signal, invoke(run, thread, args));
  return { ExecutedVersion: '$LATEST', Payload: payload, StatusCode: 200 };
}

/**
 * `lambda:invoke.waitForTaskToken`: hands a token to a function and waits until somebody answers the token. The token
 * is stored before the function sees it, the answer before its sender is told; after a crash the function is called
 * again with the same token.
 * @throws StateFailed with the name of the function's error, or States.Timeout; the token is then gone.
 */
export async function performTokenWait(run: Run, thread: Thread, state: TaskState): Promise<JsonValue> {
  const { clock, journal, tokenWaiters } = run.parts;
  const { token, deadline } = await tokenAttempt(run, thread, state);
  const before = journal.token(token);
  if (typeof before !== 'string') return before.output;
  const answered = new Promise<void>((resolve) => tokenWaiters.set(token, resolve));
  try {
    const args = await evaluateField(run, thread, 'Arguments', state.Arguments, contextOf(run, thread, { token }));
    thread.signal.throwIfAborted();
    // The function's own result is nothing; only its failure ends the wait.
    const failed = invoke(run, thread, args).then(() => answered);
    await within(clock, deadline, thread.signal, Promise.race([answered, failed]));
  } catch (thrown) {
    thread.signal.throwIfAborted();
    const answer = journal.closeToken(token);
    if (answer === undefined) throw thrown;
    return answer.output;
  } finally {
    tokenWaiters.delete(token);
  }
  const answer = journal.token(token);
  if (typeof answer === 'string') throw new Error(`the token of ${thread.body.state} was woken without an answer`);
  return answer.output;
}

type TokenAttempt = Extract<Attempt, { kind: 'token' }>;

async function tokenAttempt(run: Run, thread: Thread, state: TaskState): Promise<TokenAttempt> {
  const { clock, ids, journal } = run.parts;
  const stored = thread.body.attempt;
  if (stored?.kind === 'token') {
    if (journal.token(stored.token) !== 'unknown') return stored;
    // Closed just before a crash: by its deadline, or because the function failed.
    if (stored.deadline !== undefined && stored.deadline <= clock.now().getTime()) {
      throw new StateFailed('States.Timeout', 'the token was not answered in time');
    }
  }
  const deadline = await deadlineOf(run, thread, state.TimeoutSeconds);
  thread.signal.throwIfAborted();
  const attempt = { kind: 'token' as const, token: ids.secret(32), deadline };
  store(run, thread, { ...thread.body, attempt });
  return attempt;
}

async function invoke(run: Run, thread: Thread, args: JsonValue): Promise<JsonValue> {
  const name = isObject(args) ? args.FunctionName : undefined;
  if (!isObject(args) || typeof name !== 'string') throw new Error('a function without a name passed the checks');
  const payload = args.Payload ?? {};
  checkSize(thread, 'Arguments', payload);
  try {
    // As a function's answer travels: as JSON, and null where it answers nothing.
    return toJson((await track(run.parts, run.parts.lambda(name, payload))) ?? null);
  } catch (thrown) {
    throw functionFailure(thrown);
  }
}

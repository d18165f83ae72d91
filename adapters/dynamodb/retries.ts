import { EngineError } from '../../core/errors.ts';
import { isNamed, serviceFailure } from '../aws/service-failure.ts';

/** Time and randomness of the waits between attempts. */
export interface Backoff {
  sleep(milliseconds: number): Promise<void>;
  /** A number from 0 up to, but not, 1. */
  random(): number;
}

/**
 * The SDK repeats what was throttled, timed out or met a failing server, and these attempts are for what it does not:
 * transactions that met another one. They wait 6 s at the most, so that an API call stays below its time limit.
 */
const attempts = 12;
const firstMilliseconds = 20;
const longestMilliseconds = 1000;

/** An attempt that came to nothing and is worth another, at once or after a wait. */
export interface Undone {
  readonly done: false;
  readonly wait: boolean;
  readonly cause: unknown;
}
type Attempt<Result> = { readonly done: true; readonly result: Result } | Undone;

/**
 * Tries until it is done, with full jitter (a random part of a time that doubles) between attempts that must wait.
 * @throws EngineError service.unavailable when the attempts are used up.
 */
export async function retry<Result>(backoff: Backoff, work: () => Promise<Attempt<Result>>): Promise<Result> {
  let cause: unknown;
  let waits = 0;
  for (let count = 1; count <= attempts; count += 1) {
    const attempt = await work();
    if (attempt.done) return attempt.result;
    cause = attempt.cause;
    if (!attempt.wait || count === attempts) continue;
    await backoff.sleep(backoff.random() * Math.min(longestMilliseconds, firstMilliseconds * 2 ** waits));
    waits += 1;
  }
  throw new EngineError('service.unavailable', 'The table is too busy: others write the same records.', {
    retryAfterSeconds: 2,
    cause,
  });
}

/** Sends a request that can be repeated, again where a transaction was in its way. */
export async function sendRepeatable<Result>(backoff: Backoff, send: () => Promise<Result>): Promise<Result> {
  return await retry<Result>(backoff, async () => {
    try {
      return { done: true, result: await send() };
    } catch (error) {
      return tryAgain(error);
    }
  });
}

/**
 * Another attempt where a transaction of somebody else's was in the way.
 * @throws EngineError for any other failure: the SDK's own attempts are over.
 */
export function tryAgain(error: unknown): Undone {
  if (isNamed(error, 'TransactionConflictException')) return { done: false, wait: true, cause: error };
  throw tableFailure(error);
}

/** A failure that no further attempt mends. */
export function tableFailure(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  if (isNamed(error, 'AccessDeniedException', 'ResourceNotFoundException', 'ValidationException')) {
    return new EngineError('internal.error', 'The table refuses what the engine asks of it.', { cause: error });
  }
  return serviceFailure('The table', error);
}

import type { ErrorCode } from './generated/error-codes.gen.ts';
import type { Problem } from './generated/types.gen.ts';

/** What all errors of this package are. `code` is stable, and `remedy` says what to do. */
export abstract class LinuxBuilderError extends Error {
  abstract readonly code: string;
  abstract readonly remedy: string;
}

/** A code of the engine’s: of those that this version knows, or of a newer engine. */
export type ProblemCode = ErrorCode | (string & {});

/** The engine answered with a problem. */
export class ApiProblem<C extends ProblemCode = ProblemCode> extends LinuxBuilderError {
  /** All that the engine said (RFC 9457). */
  readonly problem: Problem;
  readonly code: C;
  /** Of the answer. */
  readonly status: number;
  readonly remedy: string;
  /** What the operator finds the request by. */
  readonly requestId: string;
  /** Each field of the request that is wrong. */
  readonly errors: Problem['errors'];
  /** Seconds after which the same call may go well, where the engine said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = 'ApiProblem';
    this.problem = problem;
    this.code = problem.code as C;
    this.status = problem.status;
    this.remedy = problem.remedy;
    this.requestId = problem.requestId;
    this.errors = problem.errors;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No engine answered: nothing listens there, the network failed, or what answers is none. */
export class EngineUnreachable extends LinuxBuilderError {
  readonly code = 'client.unreachable';
  readonly remedy = 'Check the address and the network, and try again.';
  readonly url: string;
  /** Seconds after which the same call may go well, where what answered in place of the engine said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(url: string, reason: string, cause?: unknown, retryAfterSeconds?: number) {
    super(`no engine answers at ${url}: ${reason}`, { cause });
    this.name = 'EngineUnreachable';
    this.url = url;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A call that cannot be made as it was asked for. */
export class UsageError extends LinuxBuilderError {
  readonly code = 'client.usage';
  readonly remedy: string;

  constructor(reason: string, remedy: string) {
    super(reason);
    this.name = 'UsageError';
    this.remedy = remedy;
  }
}

/**
 * Whether an error is a problem that the engine answered, of one of these codes where any are given:
 * `if (isApiProblem(error, 'build.not_found')) …`
 */
export function isApiProblem(error: unknown): error is ApiProblem;
export function isApiProblem<C extends ErrorCode>(error: unknown, ...codes: readonly C[]): error is ApiProblem<C>;
export function isApiProblem(error: unknown, ...codes: readonly ErrorCode[]): boolean {
  return error instanceof ApiProblem && (codes.length === 0 || codes.some((code) => code === error.code));
}

/** Whether a value is problem details as this API writes them. */
export function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'detail' in value &&
    typeof value.detail === 'string' &&
    'status' in value &&
    typeof value.status === 'number' &&
    'errors' in value &&
    Array.isArray(value.errors) &&
    'remedy' in value &&
    typeof value.remedy === 'string'
  );
}

/**
 * True for failures that the same call may not meet again: no connection, the service or a part of it fails or is away,
 * too many calls, or the first call with the same idempotency key still runs.
 */
export function isTransient(error: unknown): boolean {
  return error instanceof EngineUnreachable || (error instanceof ApiProblem && isPassing(error.problem));
}

/** Statuses of answers that say nothing of the call itself. */
export const passingStatuses: readonly number[] = [500, 502, 503, 504];

const isPassing = ({ status, code }: Problem): boolean =>
  passingStatuses.includes(status) || code === 'request.rate_limited' || code === 'idempotency.in_progress';

/** Seconds that the answer to a failed call asked to wait, where it did. @internal */
export function askedSecondsOf(error: unknown): number | undefined {
  return error instanceof ApiProblem || error instanceof EngineUnreachable ? error.retryAfterSeconds : undefined;
}

/** The cause of a failed call in one line: fetch hides it behind "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : error.message;
}

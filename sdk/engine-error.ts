import type { Problem } from './generated/types.gen.ts';

/** The engine answered with a problem: `problem.code` is stable, `problem.remedy` says what to do. */
export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = 'ApiProblem';
    this.problem = problem;
  }
}

/** No engine answered: nothing listens there, the network failed, or what answers is none. */
export class EngineUnreachable extends Error {
  readonly url: string;

  constructor(url: string, reason: string, cause?: unknown) {
    super(`no engine answers at ${url}: ${reason}`, { cause });
    this.name = 'EngineUnreachable';
    this.url = url;
  }
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
 * True for failures that the same call may not meet again: no connection, a part of the service is away,
 * too many calls, or the first call with the same idempotency key still runs.
 */
export function isTransient(error: unknown): boolean {
  return error instanceof EngineUnreachable || (error instanceof ApiProblem && isPassing(error.problem));
}

const isPassing = ({ status, code }: Problem): boolean =>
  status === 503 || code === 'request.rate_limited' || code === 'idempotency.in_progress';

/** The cause of a failed call in one line: fetch hides it behind "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : error.message;
}

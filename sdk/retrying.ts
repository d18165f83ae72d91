import { isProblem, passingStatuses } from './engine-error.ts';
import { pauseBefore, sleep } from './waiting.ts';

/** How a call is repeated that failed for now. */
export interface RetryPolicy {
  /** Repetitions at most; 0: none. */
  readonly maxRetries: number;
  /** Milliseconds that one try may take, its answer included. */
  readonly timeoutMilliseconds: number;
  /** Whether a request is safe to do twice though its method and headers do not say so. */
  readonly isSafe?: (request: Request) => boolean;
}

/**
 * A longer wait that the engine asks for is not waited out: the caller decides, who finds it in
 * `ApiProblem.retryAfterSeconds`.
 */
export const longestRetryAfterSeconds = 60;

/** What lasts: repeating within seconds meets the same answer. */
const lastingCodes: readonly string[] = ['service.maintenance'];
/** Answers with no body, of which fetch lets nobody make one with a body. */
const emptyStatuses: readonly number[] = [204, 205, 304];

/** What came of a try: an answer that was read to its end, or why there is none. */
type Outcome = { readonly response: Response; readonly body: Uint8Array } | { readonly error: unknown };

/**
 * A fetch that repeats what failed for now. With 429 nothing was done, so anything is repeated; after a lost connection
 * or 5xx only what is safe to do twice: GET, HEAD, PUT, DELETE, what has an Idempotency-Key, and what the policy says is.
 * It answers what it has read to the end, so a connection that is cut within an answer counts as lost too.
 */
export function retrying(send: typeof fetch, policy: RetryPolicy): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const repeatable = isRepeatable(request) || (input instanceof Request && policy.isSafe?.(input) === true);
    for (let failures = 0; ; failures += 1) {
      const outcome = await attempt(send, request.clone(), policy.timeoutMilliseconds);
      request.signal.throwIfAborted();
      const pause = failures < policy.maxRetries ? pauseAfter(repeatable, outcome, failures) : undefined;
      if (pause === undefined) return answered(outcome);
      await sleep(pause, request.signal);
    }
  };
}

async function attempt(send: typeof fetch, request: Request, timeoutMilliseconds: number): Promise<Outcome> {
  const ended = new AbortController();
  const timer = setTimeout(
    () => ended.abort(new Error(`no whole answer came within ${timeoutMilliseconds} ms`)),
    timeoutMilliseconds,
  );
  const abort = () => ended.abort(request.signal.reason);
  if (request.signal.aborted) abort();
  request.signal.addEventListener('abort', abort, { once: true });
  try {
    const response = await send(request, { signal: ended.signal });
    return { response, body: new Uint8Array(await response.arrayBuffer()) };
  } catch (error) {
    return { error: ended.signal.aborted ? ended.signal.reason : error };
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', abort);
  }
}

function answered(outcome: Outcome): Response {
  if ('error' in outcome) throw outcome.error;
  const { response, body } = outcome;
  const { status, statusText, headers } = response;
  return new Response(emptyStatuses.includes(status) ? null : (body as Uint8Array<ArrayBuffer>), {
    ...{ status, statusText, headers },
  });
}

/** Milliseconds until the next try; undefined where there is to be none. */
function pauseAfter(repeatable: boolean, outcome: Outcome, failures: number): number | undefined {
  if ('error' in outcome) return repeatable ? pauseBefore(failures, undefined) : undefined;
  const { status, headers } = outcome.response;
  if (status < 400) return undefined;
  const code = codeOf(outcome.body);
  if (code !== undefined && lastingCodes.includes(code)) return undefined;
  const asked = retryAfterSeconds(headers.get('retry-after'), Date.now());
  // Of itself the engine says with 429 when to come back, if ever; one without is from what stands before it.
  const throttled = status === 429 && (asked !== undefined || code === undefined);
  const inProgress = code === 'idempotency.in_progress';
  const failed = passingStatuses.includes(status) && repeatable;
  if (!throttled && !inProgress && !failed) return undefined;
  return asked !== undefined && asked > longestRetryAfterSeconds ? undefined : pauseBefore(failures, asked);
}

function isRepeatable({ method, headers }: Request): boolean {
  return ['GET', 'HEAD', 'PUT', 'DELETE'].includes(method) || headers.has('idempotency-key');
}

/** The code of a problem; undefined where a body is none. */
function codeOf(body: Uint8Array): string | undefined {
  try {
    const problem: unknown = JSON.parse(new TextDecoder().decode(body));
    return isProblem(problem) ? problem.code : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The seconds of a Retry-After header (RFC 9110, 10.2.3), which has seconds or a date.
 * @param now milliseconds since 1970
 * @returns undefined where there is none, or what it says is neither
 */
export function retryAfterSeconds(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1_000));
}

import { ApiProblem, EngineUnreachable, isProblem, LinuxBuilderError, reasonOf, UsageError } from './engine-error.ts';
import { type Client, createClient } from './generated/client/index.ts';
import { idempotentOperations, repeatableOperations } from './generated/idempotent.gen.ts';
import { retryAfterSeconds, retrying } from './retrying.ts';

/** Of which engine a client is, and how it calls it. */
export interface ClientOptions {
  /** Address of the engine, such as `https://images.example.com`. */
  readonly url: string;
  /** An API key or a JWT; or what gives one for each call. */
  readonly apiKey: string | (() => string | Promise<string>);
  /** In place of the global fetch, for the bytes of downloads and uploads too. */
  readonly fetch?: typeof fetch;
  /** Repetitions of a call that failed for now; 3 unless given. */
  readonly maxRetries?: number;
  /** Milliseconds that one try of a call may take; 60,000 unless given. */
  readonly timeoutMilliseconds?: number;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, a wait before a repetition too; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** In place of the client's. */
  readonly maxRetries?: number;
}

/** What a call takes that makes something. */
export interface KeyedCallOptions extends CallOptions {
  /**
   * Calls with the same key and request within a day make it once: 1 to 128 visible ASCII characters. Without one each
   * call has one of its own, which all of its tries have.
   */
  readonly idempotencyKey?: string;
}

/** What the calls of the generated client are made with. @internal */
interface CallSettings {
  readonly client: Client;
  readonly throwOnError: true;
  readonly fetch: typeof fetch;
  readonly signal?: AbortSignal;
  readonly headers?: { readonly 'Idempotency-Key': string };
}

/** The one way to the engine, which all calls of a client go. @internal */
export interface Transport {
  readonly url: string;
  readonly client: Client;
  /** Fetch as the caller gave it, which repeats nothing. */
  readonly send: typeof fetch;
  /** The fetch that the caller gave, if any. */
  readonly givenFetch: typeof fetch | undefined;
  /** What one try of a call may take. */
  readonly timeoutMilliseconds: number;
  readonly authorization: () => Promise<string>;
  /** Settings for one call. */
  of(options?: KeyedCallOptions): CallSettings;
}

const defaults = { maxRetries: 3, timeoutMilliseconds: 60_000 };

/** @throws UsageError where the address is none @internal */
export function createTransport(options: ClientOptions): Transport {
  const { apiKey } = options;
  const url = checkedUrl(options.url);
  // Not the method alone: browsers refuse to call it without their window.
  const send: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
  const timeoutMilliseconds = options.timeoutMilliseconds ?? defaults.timeoutMilliseconds;
  const safe = new WeakSet<Request>();
  const client = createClient({ baseUrl: url, auth: () => tokenOf(apiKey), throwOnError: true });
  client.interceptors.request.use((request, { method, url: path }) => {
    const operation = `${method} ${path}`;
    const keyed = idempotentOperations.has(operation) && !request.headers.has('idempotency-key');
    if (keyed) request.headers.set('idempotency-key', randomKey());
    if (repeatableOperations.has(operation)) safe.add(request);
    return request;
  });
  client.interceptors.error.use((error: unknown, response: Response | undefined, request: Request | undefined) => {
    if (request?.signal.aborted === true) return request.signal.reason;
    if (error instanceof NoToken) return error.cause;
    if (error instanceof LinuxBuilderError) return error;
    const asked = retryAfterSeconds(response?.headers.get('retry-after'), Date.now());
    if (isProblem(error)) return new ApiProblem(error, asked);
    if (response !== undefined) {
      return new EngineUnreachable(url, `it answered ${response.status} without a problem`, undefined, asked);
    }
    return new EngineUnreachable(url, reasonOf(error), error);
  });
  return {
    ...{ url, client, send, givenFetch: options.fetch, timeoutMilliseconds },
    authorization: async () => `Bearer ${await tokenOf(apiKey).catch(rethrowCause)}`,
    of: ({ signal, idempotencyKey, maxRetries = options.maxRetries ?? defaults.maxRetries } = {}) => ({
      ...{ client, throwOnError: true },
      fetch: retrying(send, {
        ...{ maxRetries, timeoutMilliseconds },
        isSafe: (request) => safe.has(request),
      }),
      ...(signal === undefined ? {} : { signal }),
      ...(idempotencyKey === undefined ? {} : { headers: { 'Idempotency-Key': checkedKey(idempotencyKey) } }),
    }),
  };
}

/** The caller's function gave no key: what it threw is the caller's own, and says nothing of the engine. */
class NoToken extends Error {}

const rethrowCause = (error: unknown): never => {
  throw error instanceof NoToken ? error.cause : error;
};

/** @throws NoToken; UsageError where no header can hold it, which does not quote it */
async function tokenOf(apiKey: ClientOptions['apiKey']): Promise<string> {
  const token = typeof apiKey === 'string' ? apiKey : await givenToken(apiKey);
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(
    'apiKey: it is empty, or has characters that no API key or JWT has, such as white space, a line’s end or an ellipsis',
    'Give it as the engine showed it, and nothing else.',
  );
}

async function givenToken(give: () => string | Promise<string>): Promise<string> {
  try {
    return await give();
  } catch (error) {
    throw new NoToken('', { cause: error });
  }
}

function checkedKey(idempotencyKey: string): string {
  if (/^[\x21-\x7e]{1,128}$/.test(idempotencyKey)) return idempotencyKey;
  throw new UsageError(
    `idempotencyKey: ${JSON.stringify(idempotencyKey)} is no key`,
    'Give 1 to 128 visible ASCII characters, without white space.',
  );
}

function checkedUrl(text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : '';
  if (protocol === 'https:' || protocol === 'http:') return text.replace(/\/+$/, '');
  throw new UsageError(`url: ${JSON.stringify(text)} is no address`, 'Give one like https://images.example.com.');
}

/** 128 random bits. `crypto.randomUUID` is not there on pages that came by http. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A signal as a call takes it: not at all where there is none. */
export function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

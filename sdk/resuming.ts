import { askedSecondsOf, EngineUnreachable, isTransient, LinuxBuilderError, reasonOf } from './engine-error.ts';
import { longestRetryAfterSeconds, retryAfterSeconds } from './retrying.ts';
import { pauseBefore, sleep } from './waiting.ts';

/** What a download must come to be. */
export interface ExpectedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Where the bytes of a file are. */
export interface FileLocation {
  readonly address: string;
  /** The answer to the first request for all of them, where finding the address needed one. */
  readonly begun?: Response;
}

/** What came is not what the build made: nothing was kept. */
export class ChecksumMismatch extends LinuxBuilderError {
  readonly code = 'download.damaged';
  readonly remedy = 'Download it again.';

  constructor({ name, size, sha256 }: ExpectedFile, found: { readonly size: number; readonly sha256: string }) {
    super(
      found.size === size
        ? `${name} has the SHA-256 ${found.sha256}, not ${sha256}: it was damaged on the way and was not kept`
        : `${name} has ${found.size} bytes, not ${size}: it was damaged on the way and was not kept`,
    );
    this.name = 'ChecksumMismatch';
  }
}

/** What is at the address is another file than that of which the first part came: nothing was kept. */
export class DownloadChanged extends LinuxBuilderError {
  readonly code = 'download.changed';
  readonly remedy = 'Download it again.';

  constructor({ name }: ExpectedFile) {
    super(`${name} was changed while it was downloaded, and was not kept`);
    this.name = 'DownloadChanged';
  }
}

/** A connection over which no byte came for so long is lost. */
const idleMilliseconds = 30_000;

/** How a file is read over connections that break. @internal */
export interface ResumingOptions {
  readonly send: typeof fetch;
  /**
   * Asks the engine where the bytes are; again where the address is no longer good. The signal ends what is begun by
   * that, too.
   */
  readonly locate: (signal: AbortSignal) => Promise<FileLocation>;
  readonly file: ExpectedFile;
  /** Tries in a row that bring no byte. */
  readonly maxRetries: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((received: number, size: number) => void) | undefined;
}

/**
 * The bytes of a file, over as many connections as it takes: each goes on where the one before broke off, by a range
 * that holds only for the same version of the file.
 * @internal
 * @throws DownloadChanged; EngineUnreachable where too many tries in a row brought nothing; ApiProblem of `locate`
 */
export async function* resumedBytes(options: ResumingOptions): AsyncGenerator<Uint8Array> {
  const { file, signal } = options;
  let location: FileLocation | undefined;
  let version: string | undefined;
  let received = 0;
  for (let failures = 0; ; ) {
    const connection = new AbortController();
    const abort = () => connection.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      signal?.throwIfAborted();
      location ??= await options.locate(connection.signal);
      const { address, begun } = location;
      location = { address };
      const response = begun ?? (await request(options.send, address, received, version, connection));
      let skipped = placeIn(response, address, file, received, version);
      version ??= response.headers.get('etag') ?? undefined;
      for await (const piece of pieces(response, address, connection)) {
        // Who knows no ranges sends all of it once more.
        const bytes = skipped < piece.byteLength ? piece.subarray(skipped) : new Uint8Array();
        skipped = Math.max(0, skipped - piece.byteLength);
        if (bytes.byteLength === 0) continue;
        received += bytes.byteLength;
        failures = 0;
        yield bytes;
        options.onProgress?.(received, file.size);
      }
      if (received >= file.size) return;
      throw new EngineUnreachable(new URL(address).origin, `the download ended after ${received} bytes`);
    } catch (error) {
      signal?.throwIfAborted();
      // All of it came before the connection broke; whether it is right its digest says.
      if (received > 0 && received >= file.size) return;
      if (error instanceof AddressExpired) location = undefined;
      else if (!isTransient(error)) throw error;
      const asked = askedSecondsOf(error);
      const given = failures >= options.maxRetries || (asked !== undefined && asked > longestRetryAfterSeconds);
      if (given) throw error instanceof AddressExpired ? error.cause : error;
      await sleep(pauseBefore(failures, asked), signal);
      failures += 1;
    } finally {
      signal?.removeEventListener('abort', abort);
      connection.abort();
    }
  }
}

/** The address is no longer good, or never was. */
class AddressExpired extends Error {}

/** Asks for the bytes from `start` on, of the version that came before. */
async function request(
  send: typeof fetch,
  address: string,
  start: number,
  version: string | undefined,
  connection: AbortController,
): Promise<Response> {
  const headers =
    start === 0 ? {} : { range: `bytes=${start}-`, ...(version === undefined ? {} : { 'if-match': version }) };
  try {
    return await unlessIdle(connection, () => send(address, { headers, signal: connection.signal }));
  } catch (error) {
    throw new EngineUnreachable(new URL(address).origin, reasonOf(error), error);
  }
}

/**
 * How many bytes of an answer were had before.
 * @throws DownloadChanged, EngineUnreachable, AddressExpired where the answer has not the bytes from `start` on
 */
function placeIn(
  response: Response,
  address: string,
  file: ExpectedFile,
  start: number,
  version: string | undefined,
): number {
  const { status, headers } = response;
  const etag = headers.get('etag');
  if (status === 412 || status === 416) throw new DownloadChanged(file);
  if (response.ok && version !== undefined && etag !== null && etag !== version) throw new DownloadChanged(file);
  if (status === 200) return start;
  if (status === 206) {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    // A browser shows the header only where the store allows it.
    if (first === undefined) return 0;
    if (Number(first) === start && (total === '*' || Number(total) === file.size)) return 0;
    throw new DownloadChanged(file);
  }
  const failure = new EngineUnreachable(
    new URL(address).origin,
    `the download was answered ${status}`,
    undefined,
    retryAfterSeconds(headers.get('retry-after'), Date.now()),
  );
  throw status >= 500 || status === 429 ? failure : new AddressExpired('', { cause: failure });
}

/** The pieces of a body as they come. @throws EngineUnreachable where it breaks off, or brings nothing for too long */
async function* pieces(response: Response, address: string, connection: AbortController): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  // Of itself too: an answer that somebody else began knows no signal of this connection.
  const close = () => void reader.cancel().catch(() => undefined);
  connection.signal.addEventListener('abort', close, { once: true });
  try {
    for (;;) {
      const { done, value } = await unlessIdle(connection, () => reader.read());
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw new EngineUnreachable(new URL(address).origin, `the download broke off: ${reasonOf(error)}`, error);
  } finally {
    connection.signal.removeEventListener('abort', close);
    close();
  }
}

/** Waits for what a connection brings next; one that brings nothing for too long is ended. */
async function unlessIdle<T>(connection: AbortController, next: () => Promise<T>): Promise<T> {
  const idle = setTimeout(() => connection.abort(new Error('it sends nothing more')), idleMilliseconds);
  try {
    return await next();
  } finally {
    clearTimeout(idle);
  }
}

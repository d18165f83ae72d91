import { createReadStream, createWriteStream } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface TransferRequest {
  readonly method: 'GET' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The store's answer was not the one hoped for. `temporary`: the same again may go well. */
export class TransferError extends Error {
  readonly temporary: boolean;
  constructor(reason: string, temporary: boolean) {
    super(reason);
    this.name = 'TransferError';
    this.temporary = temporary;
  }
}

/** A transfer that moves no byte for so long has failed. */
const idleMilliseconds = 30_000;

/** Errors of connections carry no text in common; all of them may pass. */
function temporary(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  return new TransferError(error instanceof Error ? error.message : 'the connection failed', true);
}

/** A file that the store on this machine may take over instead of reading the body: `name` as it knows it. */
export interface HandOver {
  readonly name: string;
}

/**
 * Waits, where the store may take the file over, for its word: true where the body must be sent after all, false where
 * the answer is there without.
 */
function mustSend(outgoing: ClientRequest): Promise<boolean> {
  return new Promise((resolve) => {
    outgoing.once('continue', () => resolve(true));
    outgoing.once('response', () => resolve(false));
    outgoing.once('error', () => resolve(false));
  });
}

/** What a request may have beside what is signed. */
interface SendOptions {
  readonly handOver?: HandOver;
  /** True: the file is handed over or not sent at all. */
  readonly onlyHandOver?: boolean;
  readonly range?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Sends one request and reads the answer, a body of it going to `sink`; undefined where the store would not take it. */
async function send(
  request: TransferRequest,
  body: { readonly source: Readable; readonly size: number } | undefined,
  signal: AbortSignal,
  sink: (answer: Answer) => NodeJS.WritableStream,
  { handOver, onlyHandOver = false, range }: SendOptions = {},
): Promise<Answer | undefined> {
  const start = new URL(request.url).protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = {
    ...request.headers,
    ...(body === undefined ? {} : { 'content-length': String(body.size) }),
    ...(range === undefined ? {} : { range }),
    ...(handOver === undefined ? {} : { 'x-lbuild-file': handOver.name, expect: '100-continue' }),
  };
  const outgoing = start(request.url, { method: request.method, headers, signal, timeout: idleMilliseconds });
  outgoing.on('timeout', () => outgoing.destroy(new TransferError('the store does not answer', true)));
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const head = { status: response.statusCode ?? 0, headers: response.headers };
      pipeline(response, sink(head)).then(() => resolve(head), reject);
    });
  });
  answer.catch(() => undefined);
  if (handOver !== undefined) {
    outgoing.flushHeaders();
    const sends = await mustSend(outgoing);
    if (!sends || onlyHandOver) {
      body?.source.destroy();
      // The body that was announced is never sent: the connection cannot be used again.
      const head = sends ? undefined : await answer;
      outgoing.destroy();
      return head;
    }
  }
  if (body === undefined) outgoing.end();
  // Where the store refuses early it closes the connection, and its answer says more than the broken pipe.
  else
    await pipeline(body.source, outgoing).catch(
      (error: unknown) => outgoing.destroyed || outgoing.destroy(temporary(error)),
    );
  return answer;
}

function discard(): NodeJS.WritableStream {
  const sink = new PassThrough();
  sink.resume();
  return sink;
}

/**
 * Uploads exactly these bytes.
 * @throws TransferError
 */
export async function upload(
  request: TransferRequest,
  content:
    | { readonly file: string; readonly size: number; readonly handOver?: HandOver }
    | { readonly bytes: Uint8Array },
  signal: AbortSignal,
): Promise<void> {
  const body =
    'file' in content
      ? { source: createReadStream(content.file, { highWaterMark: 1 << 20 }), size: content.size }
      : { source: Readable.from([content.bytes], { objectMode: false }), size: content.bytes.length };
  const handOver = 'file' in content && content.handOver !== undefined ? { handOver: content.handOver } : {};
  const answer = await send(request, body, signal, discard, handOver).catch((error: unknown) => {
    throw temporary(error);
  });
  if (answer === undefined || !isStored(answer.status)) throw refusal('upload', answer);
}

/** 412: the object is there already, from an upload whose answer was lost; the store checked its digest. */
function isStored(status: number): boolean {
  return status === 200 || status === 204 || status === 412;
}

function refusal(what: 'upload' | 'download', answer: Answer | undefined): TransferError {
  const status = answer?.status ?? 0;
  const passing = status >= 500 || status === 403 || status === 429;
  return new TransferError(`the store answered ${status} to ${what === 'upload' ? 'an' : 'a'} ${what}`, passing);
}

/**
 * Lets the store on this machine take a file over.
 * @returns false where it will not, and nothing was sent
 * @throws TransferError
 */
export async function handOverFile(
  request: TransferRequest,
  content: { readonly file: string; readonly size: number; readonly handOver: HandOver },
  signal: AbortSignal,
): Promise<boolean> {
  const body = { source: Readable.from([]), size: content.size };
  const options = { handOver: content.handOver, onlyHandOver: true };
  const answer = await send(request, body, signal, discard, options).catch((error: unknown) => {
    throw temporary(error);
  });
  if (answer === undefined) return false;
  if (isStored(answer.status)) return true;
  throw refusal('upload', answer);
}

/**
 * Uploads a part of a file, `end` exclusive.
 * @returns the name that the store gives it, its ETag
 * @throws TransferError
 */
export async function uploadPart(
  request: TransferRequest,
  part: { readonly file: string; readonly start: number; readonly end: number },
  signal: AbortSignal,
): Promise<string> {
  const { file, start, end } = part;
  const source = createReadStream(file, { start, end: end - 1, highWaterMark: 1 << 20 });
  const answer = await send(request, { source, size: end - start }, signal, discard).catch((error: unknown) => {
    throw temporary(error);
  });
  const etag = answer?.headers.etag;
  if (answer?.status !== 200 || etag === undefined) throw refusal('upload', answer);
  return etag;
}

/**
 * Downloads to a file. Nothing is verified here: what reads the file checks its digest.
 * @throws TransferError
 */
export async function download(request: TransferRequest, file: string, signal: AbortSignal): Promise<void> {
  const answer = await send(request, undefined, signal, ({ status }) =>
    status === 200 ? createWriteStream(file) : discard(),
  ).catch((error: unknown) => {
    throw temporary(error);
  });
  if (answer?.status !== 200) throw refusal('download', answer);
}

/**
 * Downloads bytes `start` to before `end` of an object, or as many as there are.
 * @param sink gets the answer's bytes, and before them the size of the object and where in it they begin
 * @throws TransferError where the object is not given, or the connection breaks
 */
export async function downloadRange(
  request: TransferRequest,
  range: { readonly start: number; readonly end: number },
  signal: AbortSignal,
  sink: (found: { readonly size: number; readonly start: number }) => NodeJS.WritableStream,
): Promise<void> {
  const header = { range: `bytes=${range.start}-${range.end - 1}` };
  const answer = await send(
    request,
    undefined,
    signal,
    (head) => {
      const found = foundRange(head);
      return found === undefined ? discard() : sink(found);
    },
    header,
  ).catch((error: unknown) => {
    throw temporary(error);
  });
  if (answer === undefined || foundRange(answer) === undefined) throw refusal('download', answer);
}

/** What an answer holds: a range or, of a store that knows none, the whole. */
function foundRange({ status, headers }: Answer): { size: number; start: number } | undefined {
  const [, first, total] = /^bytes ([0-9]+)-[0-9]+\/([0-9]+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (status === 206 && first !== undefined) return { size: Number(total), start: Number(first) };
  if (status === 200) return { size: Number(headers['content-length']), start: 0 };
  return undefined;
}

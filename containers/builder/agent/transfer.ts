import { createReadStream, createWriteStream } from 'node:fs';
import { type ClientRequest, request as httpRequest } from 'node:http';
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

/** Sends one request and reads the answer's status, a body of it going to `sink`. */
async function send(
  request: TransferRequest,
  body: { readonly source: Readable; readonly size: number } | undefined,
  signal: AbortSignal,
  sink: (status: number) => NodeJS.WritableStream,
  handOver?: HandOver,
): Promise<number> {
  const start = new URL(request.url).protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = {
    ...request.headers,
    ...(body === undefined ? {} : { 'content-length': String(body.size) }),
    ...(handOver === undefined ? {} : { 'x-lbuild-file': handOver.name, expect: '100-continue' }),
  };
  const outgoing = start(request.url, { method: request.method, headers, signal, timeout: idleMilliseconds });
  outgoing.on('timeout', () => outgoing.destroy(new TransferError('the store does not answer', true)));
  const answer = new Promise<number>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const status = response.statusCode ?? 0;
      pipeline(response, sink(status)).then(() => resolve(status), reject);
    });
  });
  answer.catch(() => undefined);
  if (handOver !== undefined) {
    outgoing.flushHeaders();
    if (!(await mustSend(outgoing))) {
      body?.source.destroy();
      const status = await answer;
      // The body that was announced is never sent: the connection cannot be used again.
      outgoing.destroy();
      return status;
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
  const handOver = 'file' in content ? content.handOver : undefined;
  const status = await send(request, body, signal, discard, handOver).catch((error: unknown) => {
    throw temporary(error);
  });
  // 412: the object is there already, from an upload whose answer was lost; the store checked its digest.
  if (status === 200 || status === 204 || status === 412) return;
  throw new TransferError(
    `the store answered ${status} to an upload`,
    status >= 500 || status === 403 || status === 429,
  );
}

/**
 * Downloads to a file. Nothing is verified here: what reads the file checks its digest.
 * @throws TransferError
 */
export async function download(request: TransferRequest, file: string, signal: AbortSignal): Promise<void> {
  const status = await send(request, undefined, signal, (code) =>
    code === 200 ? createWriteStream(file) : discard(),
  ).catch((error: unknown) => {
    throw temporary(error);
  });
  if (status === 200) return;
  throw new TransferError(
    `the store answered ${status} to a download`,
    status >= 500 || status === 403 || status === 429,
  );
}

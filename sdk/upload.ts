import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineUnreachable, reasonOf } from './engine-error.ts';
import type { DeclaredUpload } from './generated/types.gen.ts';

/** A file to upload: its path, or its bytes. It is read twice: for its digest, and to be sent. */
export type UploadSource = string | Blob;

/** The store did not take the bytes, and would not take them if they were sent again. */
export class UploadRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(
      `the store answered ${status} to the upload: the file was changed while it was uploaded, or the URL is not its`,
    );
    this.name = 'UploadRefused';
    this.status = status;
  }
}

/** Bytes that are read at one time. */
const pieceBytes = 1 << 20;
/** A transfer that moves no byte for so long has failed. */
const idleMilliseconds = 30_000;

/** SHA-256 and size of what would be sent now. */
export async function describeSource(
  source: UploadSource,
  signal: AbortSignal | undefined,
): Promise<{ readonly sha256: string; readonly size: number }> {
  if (typeof source === 'string' && !(await stat(source)).isFile()) throw new Error(`${source} is no file`);
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of open(source)) {
    signal?.throwIfAborted();
    const bytes = piece as Uint8Array;
    hash.update(bytes);
    size += bytes.byteLength;
  }
  return { sha256: hash.digest('hex'), size };
}

function open(source: UploadSource): Readable {
  return typeof source === 'string'
    ? createReadStream(source, { highWaterMark: pieceBytes })
    : Readable.from(source.stream(), { objectMode: false });
}

/**
 * Sends the bytes as the declaration says: not by fetch, which holds much of a large file in memory.
 * @throws EngineUnreachable where it may go well another time; UploadRefused
 */
export async function sendBytes(
  put: NonNullable<DeclaredUpload['put']>,
  source: UploadSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { origin, protocol } = new URL(put.url);
  const start = protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = start(put.url, {
    ...{ method: put.method, headers: put.headers, timeout: idleMilliseconds },
    ...(signal === undefined ? {} : { signal }),
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error('the store does not answer')));
  const answer = new Promise<number>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', reject);
    });
  });
  answer.catch(() => undefined);
  let status: number;
  try {
    // Where the store refuses early it closes the connection, and its answer says more than the broken pipe.
    await Promise.race([pipeline(open(source), outgoing).catch(() => undefined), answer]);
    status = await answer;
  } catch (error) {
    signal?.throwIfAborted();
    throw new EngineUnreachable(origin, reasonOf(error), error);
  }
  // 412: they are there already, from an upload whose answer was lost; the store checked their digest.
  if (status === 200 || status === 412) return;
  if (status >= 500 || status === 403 || status === 408 || status === 429) {
    throw new EngineUnreachable(origin, `the upload was answered ${status}`);
  }
  throw new UploadRefused(status);
}

import type { Clock } from '../../core/ports/clock.ts';
import type { BodyFiles } from './body-files.ts';
import type { Checksum } from './checksum.ts';
import type { Body, ObjectStore } from './object-store.ts';
import { type BodySource, readBody } from './request-body.ts';
import { S3Error } from './s3-error.ts';
import type { UploadStore } from './upload-store.ts';

/** What the operations work on. */
export interface S3Store {
  readonly objects: ObjectStore;
  readonly uploads: UploadStore;
  readonly files: BodyFiles;
  readonly clock: Clock;
  readonly limits: StoreLimits;
  /** Completions of multipart uploads under way, by all that was asked. */
  readonly completions: Map<string, Promise<S3Response>>;
  /** The file that a sender on this machine hands over as the body of an object, by the name that it gives. */
  readonly handedOver?: HandedOver;
}

/** Answers the path of a file on this machine that may become an object's body; undefined where the sender may not. */
export type HandedOver = (place: { readonly bucket: string; readonly key: string }, name: string) => string | undefined;

/** Bytes of an open file, from `start` to before `end`; whoever sends them closes it. */
export interface FileBytes {
  readonly fd: number;
  readonly start: number;
  readonly end: number;
  /** What they must be, where they are a whole body. */
  readonly body?: Body;
}

export interface S3Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | FileBytes;
}

/** An authorised request that was found to mean one operation. */
export interface Call extends BodySource {
  readonly store: S3Store;
  readonly place: { readonly bucket: string; readonly key: string };
}

/** Bounds of S3 that a store may set for itself. */
export interface StoreLimits {
  /** Bytes of the longest object, part or copy by one request. */
  readonly largestSingle: number;
  /** Bytes of the smallest part of an upload, but for its last. */
  readonly smallestPart: number;
}

/** S3's own: 5 GiB, and 5 MiB. */
export const s3Limits: StoreLimits = { largestSingle: 5 * 1024 ** 3, smallestPart: 5 * 1024 ** 2 };

/**
 * Receives a call's body into a file of its own and, once it is whole and checked, hands it to `commit`; where anything
 * fails, `commit` included, the file is removed.
 */
export async function receiveBody<Result>(
  call: Call,
  commit: (body: Body, checksum: Checksum | undefined) => Result,
): Promise<Result> {
  const writer = await call.store.files.create();
  try {
    const received = await readBody(call, call.store.limits.largestSingle, (chunk) => writer.write(chunk));
    await writer.finish();
    return commit({ id: writer.id, size: received.size, sha256: received.sha256 }, received.checksum);
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** The ETag of bytes, without quotes: the first half of their SHA-256 (S3's is opaque too where KMS encrypts). */
export function etagOf(sha256: string): string {
  return sha256.slice(0, 32);
}

/**
 * Whether a write is for an absent key only.
 * @throws S3Error InvalidArgument for any condition but `*`, the one that S3 takes here
 */
export function readIfAbsent(call: Call): boolean {
  const condition = call.request.headers.get('if-none-match');
  if (condition !== undefined && condition !== '*') {
    throw new S3Error('InvalidArgument', 'If-None-Match of a write takes the value * only.');
  }
  return condition === '*';
}

export function preconditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  });
}

export function noSuchKey(key: string): S3Error {
  return new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: key });
}

const keptHeaders = ['cache-control', 'content-disposition', 'content-language', 'expires'];

/** The headers of a write that are given back with the object. */
export function objectHeaders(call: Call): Record<string, string> {
  const { headers } = call.request;
  const encodings = (headers.get('content-encoding') ?? '')
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  const kept: Record<string, string> = { 'content-type': headers.get('content-type') ?? 'binary/octet-stream' };
  if (encodings.length > 0) kept['content-encoding'] = encodings.join(', ');
  for (const name of keptHeaders) {
    const value = headers.get(name);
    if (value !== undefined) kept[name] = value;
  }
  for (const [name, value] of call.options) {
    if (name.startsWith('x-amz-meta-')) kept[name] = checkHeaderValue(name, value);
  }
  return kept;
}

/** @throws S3Error InvalidArgument where a value could not stand in a header */
export function checkHeaderValue(name: string, value: string): string {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    throw new S3Error('InvalidArgument', 'Header value cannot be represented', { ArgumentName: name });
  }
  return value;
}

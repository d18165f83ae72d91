import { notImplemented, S3Error } from './s3-error.ts';

/** A request as the signature covers it and as the operations read it. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  /** The object's key, decoded; empty where the request is about the bucket (and `bucket` is empty where about all). */
  readonly key: string;
  /** The path as sent, without its query. */
  readonly rawPath: string;
  /** Query members in order, decoded. */
  readonly queryMembers: readonly (readonly [name: string, value: string])[];
  readonly query: ReadonlyMap<string, string>;
  /** Headers by lower-case name as sent, white space collapsed; lines of one name are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

/** S3's longest key, in bytes of UTF-8. */
const longestKey = 1024;
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * Reads a path-style request (`/bucket/key`).
 * @param message the method, target and header lines as node:http gives them
 */
export function readS3Request(message: {
  method?: string | undefined;
  url?: string | undefined;
  rawHeaders: readonly string[];
}): S3Request {
  const target = message.url ?? '';
  if (!target.startsWith('/')) throw new S3Error('InvalidURI', "Couldn't parse the specified URI.", { URI: target });
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const slash = rawPath.indexOf('/', 1);
  const bucket = decode(slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash), target);
  const key = slash < 0 ? '' : decode(rawPath.slice(slash + 1), target);
  if (bucket !== '') checkBucket(bucket);
  checkKey(key);
  const queryMembers = readQuery(mark < 0 ? '' : target.slice(mark + 1), target);
  const query = new Map(queryMembers);
  if (query.size < queryMembers.length) {
    throw new S3Error('InvalidArgument', 'A query parameter is given more than once.');
  }
  return {
    method: message.method ?? 'GET',
    bucket,
    key,
    rawPath,
    queryMembers,
    query,
    headers: readHeaders(message.rawHeaders),
  };
}

/** @throws S3Error InvalidBucketName */
export function checkBucket(bucket: string): void {
  if (!bucketName.test(bucket)) {
    throw new S3Error('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: bucket });
  }
}

/** @throws S3Error KeyTooLongError; InvalidURI for a NUL, which no store can hold */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size > longestKey) {
    throw new S3Error('KeyTooLongError', 'Your key is too long', { Size: size, MaxSizeAllowed: longestKey });
  }
  if (key.includes('\0')) throw new S3Error('InvalidURI', 'A key cannot hold a NUL character.');
}

function readQuery(text: string, target: string): (readonly [string, string])[] {
  return text
    .split('&')
    .filter((member) => member !== '')
    .map((member) => {
      const equals = member.indexOf('=');
      const plain = (part: string) => decode(part.replaceAll('+', ' '), target);
      return equals < 0 ? [plain(member), ''] : [plain(member.slice(0, equals)), plain(member.slice(equals + 1))];
    });
}

function readHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = (lines[at] ?? '').toLowerCase();
    const value = (lines[at + 1] ?? '').trim().replace(/[ \t]+/g, ' ');
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function decode(text: string, target: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.", { URI: target });
  }
}

/** Query members of the signature itself: never options of an operation. */
const signingMembers = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);

/** The `x-amz-` headers whose meaning this server knows; any other would be ignored, so it is refused. */
const knownHeaders = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-crc32',
  'x-amz-checksum-mode',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
  'x-amz-checksum-type',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-copy-source-if-match',
  'x-amz-copy-source-range',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-metadata-directive',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-trailer',
  'x-amz-user-agent',
]);

/** The x-amz- options of a request, from its headers and, as presigned URLs carry them, from its query. */
export function optionsOf(request: S3Request): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const [name, value] of [...request.queryMembers, ...request.headers]) {
    const option = name.toLowerCase();
    if (!option.startsWith('x-amz-') || (signingMembers.has(option) && !request.headers.has(option))) continue;
    if (!knownHeaders.has(option) && !option.startsWith('x-amz-meta-')) throw notImplemented(option);
    options.set(option, value);
  }
  return options;
}

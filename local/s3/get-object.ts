import { openSync } from 'node:fs';
import { checksumHeaders } from './checksum.ts';
import type { StoredObject } from './object-store.ts';
import { type Call, checkHeaderValue, noSuchKey, preconditionFailed, type S3Response } from './operation.ts';
import { S3Error } from './s3-error.ts';
import { checkSeal } from './sealed-files.ts';

/** Query members of GetObject that replace headers of its answer. */
export const responseOverrides = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
] as const;

/** GetObject and HeadObject: the object or one range of it. */
export async function getObject(call: Call): Promise<S3Response> {
  const { store, place, request } = call;
  await checkSeal(store, place);
  const object = store.objects.find(place.bucket, place.key);
  if (object === undefined) throw noSuchKey(place.key);
  const headers = describe(call, object);
  const match = request.headers.get('if-match');
  if (match !== undefined && !names(match, object.etag)) throw preconditionFailed('If-Match');
  const noneMatch = request.headers.get('if-none-match');
  if (noneMatch !== undefined && names(noneMatch, object.etag)) {
    return { status: 304, headers: { etag: `"${object.etag}"`, 'last-modified': object.modifiedAt.toUTCString() } };
  }
  const { size } = object.body;
  const range = readRange(request.headers.get('range'), size);
  const { start, end } = range ?? { start: 0, end: size };
  headers['content-length'] = String(end - start);
  if (range !== undefined) headers['content-range'] = `bytes ${start}-${end - 1}/${size}`;
  // A checksum is of the whole object: beside a part of it, it would fail whoever checks it.
  else if (call.options.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    Object.assign(headers, checksumHeaders(object.checksum));
  }
  const status = range === undefined ? 200 : 206;
  if (request.method === 'HEAD' || end === start) return { status, headers };
  // Opened in the same turn as the look-up: an object replaced from now on is still read whole.
  const fd = openSync(store.files.pathOf(object.body.id), 'r');
  const whole = start === 0 && end === size ? { body: object.body } : {};
  return { status, headers, body: { fd, start, end, ...whole } };
}

function describe(call: Call, object: StoredObject): Record<string, string> {
  const headers: Record<string, string> = {
    ...object.headers,
    'accept-ranges': 'bytes',
    etag: `"${object.etag}"`,
    'last-modified': object.modifiedAt.toUTCString(),
  };
  for (const name of responseOverrides) {
    const value = call.request.query.get(name);
    if (value !== undefined) headers[name.slice('response-'.length)] = checkHeaderValue(name, value);
  }
  return headers;
}

function names(condition: string, etag: string): boolean {
  return condition.split(',').some((entry) => ['*', etag, `"${etag}"`].includes(entry.trim()));
}

/** One range as start (inclusive) and end (exclusive); undefined where the header asks for none or for several. */
function readRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start >= size || start >= end) {
    throw new S3Error(
      'InvalidRange',
      'The requested range is not satisfiable',
      { RangeRequested: header ?? '', ActualObjectSize: size },
      { 'content-range': `bytes */${size}` },
    );
  }
  return { start, end };
}

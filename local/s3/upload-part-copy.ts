import { close, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { type Checksum, checksumNode, startDigest } from './checksum.ts';
import { type CopySource, findCopySource } from './copy-source.ts';
import { readPartNumber } from './multipart-upload.ts';
import { type Call, etagOf, noSuchKey, type S3Response } from './operation.ts';
import { notImplemented, S3Error } from './s3-error.ts';
import { writeXml } from './xml.ts';

const readInto = promisify(read);
const closeFile = promisify(close);
const readSize = 1 << 20;

/**
 * UploadPartCopy: a part that is a range of an object. It shares the object's bytes, which never change; they are read
 * once, for the checksum that S3 computes too.
 */
export async function uploadPartCopy(call: Call): Promise<S3Response> {
  const { store, place, request, options } = call;
  const uploadId = request.query.get('uploadId') ?? '';
  const number = readPartNumber(request.query.get('partNumber') ?? '');
  const upload = store.uploads.find(place, uploadId);
  if (upload.algorithm !== undefined && upload.algorithm !== 'sha256') {
    throw notImplemented(`UploadPartCopy with a checksum of ${upload.algorithm}`);
  }
  const source = await findCopySource(call);
  const { start, end } = readRange(options.get('x-amz-copy-source-range'), source.object.body.size);
  if (end - start > store.limits.largestSingle) {
    const limit = store.limits.largestSingle;
    throw new S3Error('InvalidRequest', `The specified copy range is larger than the maximum allowable size: ${limit}`);
  }
  const digest = await digestOf(store.files.pathOf(source.object.body.id), start, end);
  const etag = etagOf(digest.toString('hex'));
  const checksum: Checksum | undefined =
    upload.algorithm === undefined
      ? undefined
      : { algorithm: 'sha256', value: digest.toString('base64'), type: 'FULL_OBJECT' };
  // While it was read it may have been deleted or replaced; from here on nothing comes between.
  if (!isThere(call, source)) throw noSuchKey(source.place.key);
  const part = { number, body: source.object.body, start, size: end - start, etag, checksum };
  if (!store.uploads.putPart(upload.id, part)) store.uploads.find(place, uploadId);
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml([
      'CopyPartResult',
      [['ETag', `"${etag}"`], ['LastModified', store.clock.now().toISOString()], ...checksumNode(checksum)],
    ]),
  };
}

function isThere({ store }: Call, { place, object }: CopySource): boolean {
  return store.objects.find(place.bucket, place.key)?.body.id === object.body.id;
}

/** The range as start (inclusive) and end (exclusive); S3 takes `bytes=first-last` only, within the object. */
function readRange(header: string | undefined, size: number): { start: number; end: number } {
  if (header === undefined) return { start: 0, end: size };
  const match = /^bytes=([0-9]{1,15})-([0-9]{1,15})$/.exec(header);
  const [start, end] = [Number(match?.[1]), Number(match?.[2]) + 1];
  if (match === null || start >= end || end > size) {
    throw new S3Error('InvalidArgument', 'The x-amz-copy-source-range value must be a range within the source.', {
      ArgumentName: 'x-amz-copy-source-range',
      ArgumentValue: header,
    });
  }
  return { start, end };
}

async function digestOf(path: string, start: number, end: number): Promise<Buffer> {
  const digest = startDigest('sha256');
  // Opened in the same turn as the look-up: an object replaced from now on is still read whole.
  const fd = openSync(path, 'r');
  try {
    // One buffer for all: a new one for each piece costs more than the digest does.
    const buffer = Buffer.allocUnsafeSlow(Math.min(readSize, end - start));
    for (let at = start; at < end; ) {
      const { bytesRead } = await readInto(fd, buffer, 0, Math.min(buffer.length, end - at), at);
      if (bytesRead === 0) throw new Error('the file is shorter than its object');
      digest.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return digest.digest();
  } finally {
    await closeFile(fd);
  }
}

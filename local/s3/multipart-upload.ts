import { createHash } from 'node:crypto';
import { createReadStream, openSync } from 'node:fs';
import { type Checksum, checksumHeaders, checksumNode, readAlgorithm, startDigest } from './checksum.ts';
import type { Body } from './object-store.ts';
import {
  type Call,
  etagOf,
  objectHeaders,
  preconditionFailed,
  readIfAbsent,
  receiveBody,
  type S3Response,
  type S3Store,
} from './operation.ts';
import { readText } from './request-body.ts';
import { S3Error } from './s3-error.ts';
import type { Part, Upload } from './upload-store.ts';
import { childText, writeXml } from './xml.ts';
import { malformedXml, readDocument } from './xml-document.ts';

/** S3's bounds: 10,000 parts, each but the last of 5 MiB or more. */
const mostParts = 10_000;
const smallestPart = 5 * 1024 ** 2;
/** 10,000 parts of about 400 bytes of XML each. */
const longestRequest = 4 * 1024 * 1024;
const readSize = 1 << 20;
const xml = { 'content-type': 'application/xml' };

/** CreateMultipartUpload: opens an upload; it is aborted where it is not completed within a day. */
export async function createMultipartUpload(call: Call): Promise<S3Response> {
  const { store, place, options } = call;
  const name = options.get('x-amz-checksum-algorithm');
  const algorithm = name === undefined ? undefined : readAlgorithm(name);
  if (options.get('x-amz-checksum-type') === 'FULL_OBJECT') {
    throw new S3Error(
      'InvalidRequest',
      `The FULL_OBJECT checksum type cannot be used with the ${name} checksum algorithm.`,
    );
  }
  const id = store.uploads.start(place, { headers: objectHeaders(call), algorithm }, store.clock.now());
  return {
    status: 200,
    headers: xml,
    body: writeXml([
      'InitiateMultipartUploadResult',
      [
        ['Bucket', place.bucket],
        ['Key', place.key],
        ['UploadId', id],
      ],
    ]),
  };
}

/** UploadPart: keeps one part, checked while it streams. */
export async function uploadPart(call: Call): Promise<S3Response> {
  const { store, place, request } = call;
  const uploadId = request.query.get('uploadId') ?? '';
  const number = readPartNumber(request.query.get('partNumber') ?? '');
  const upload = store.uploads.find(place, uploadId);
  return receiveBody(call, (body, checksum) => {
    const etag = etagOf(body.sha256);
    // Ended while the part came in: the same answer as if it had ended before.
    if (!store.uploads.putPart(upload.id, { number, body, etag, checksum })) store.uploads.find(place, uploadId);
    return { status: 200, headers: { etag: `"${etag}"`, ...checksumHeaders(checksum) } };
  });
}

/** CompleteMultipartUpload: makes the object of the parts named, in their order. */
export async function completeMultipartUpload(call: Call): Promise<S3Response> {
  const { store, place } = call;
  const uploadId = call.request.query.get('uploadId') ?? '';
  const upload = store.uploads.find(place, uploadId);
  const ifAbsent = readIfAbsent(call);
  const parts = chooseParts(await readText(call, longestRequest), store.uploads.parts(upload.id));
  const exists = () => ifAbsent && store.objects.find(place.bucket, place.key) !== undefined;
  if (exists()) throw preconditionFailed('If-None-Match');
  const checksum = compositeChecksum(upload, parts);
  const digests = createHash('sha256');
  for (const part of parts) digests.update(Buffer.from(part.body.sha256, 'hex'));
  const etag = `${etagOf(digests.digest('hex'))}-${parts.length}`;
  await joinParts(store, parts, (body) => {
    const object = { body, etag, headers: upload.headers, checksum, modifiedAt: store.clock.now() };
    // Completed or aborted meanwhile: one of two racing calls makes the object.
    store.uploads.find(place, uploadId);
    if (!store.objects.put(place, object, { ifAbsent, also: () => store.uploads.end(upload.id) })) {
      throw preconditionFailed('If-None-Match');
    }
  });
  return {
    status: 200,
    headers: xml,
    body: writeXml([
      'CompleteMultipartUploadResult',
      [
        ['Location', `/${place.bucket}/${place.key}`],
        ['Bucket', place.bucket],
        ['Key', place.key],
        ['ETag', `"${etag}"`],
        ...checksumNode(checksum),
      ],
    ]),
  };
}

/** AbortMultipartUpload: forgets an upload and its parts. */
export async function abortMultipartUpload(call: Call): Promise<S3Response> {
  const { store, place } = call;
  const upload = store.uploads.find(place, call.request.query.get('uploadId') ?? '');
  store.uploads.abort(upload.id);
  return { status: 204, headers: {} };
}

function readPartNumber(text: string): number {
  const number = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= mostParts) return number;
  throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${mostParts}, inclusive`, {
    ArgumentName: 'partNumber',
  });
}

function chooseParts(text: string, held: ReadonlyMap<number, Part>): readonly Part[] {
  const named = readDocument(text, 'CompleteMultipartUpload').children.filter(({ name }) => name === 'Part');
  if (named.length === 0 || named.length > mostParts) throw malformedXml();
  const numbers = named.map((entry) => readPartNumber(childText(entry, 'PartNumber') ?? ''));
  if (numbers.some((number, at) => number <= (numbers[at - 1] ?? 0))) {
    throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.');
  }
  return named.map((entry, at) => {
    const number = numbers[at] ?? 0;
    const part = held.get(number);
    const etag = (childText(entry, 'ETag') ?? '').replaceAll('"', '');
    const wrongChecksum = ['SHA256', 'SHA1', 'CRC32'].some((algorithm) => {
      const value = childText(entry, `Checksum${algorithm}`);
      const own = part?.checksum?.algorithm === algorithm.toLowerCase() ? part.checksum.value : undefined;
      return value !== undefined && value !== own;
    });
    if (part === undefined || part.etag !== etag || wrongChecksum) {
      throw new S3Error('InvalidPart', 'One or more of the specified parts could not be found or does not match.', {
        PartNumber: number,
        ETag: etag,
      });
    }
    if (at < named.length - 1 && part.body.size < smallestPart) {
      throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: part.body.size,
        MinSizeAllowed: smallestPart,
        PartNumber: number,
      });
    }
    return part;
  });
}

/** S3's composite checksum: of the parts' checksums, with their count; where each part has one of that algorithm. */
function compositeChecksum(upload: Upload, parts: readonly Part[]): Checksum | undefined {
  const { algorithm } = upload;
  if (algorithm === undefined) return undefined;
  const values = parts.flatMap(({ checksum }) => (checksum?.algorithm === algorithm ? [checksum.value] : []));
  if (values.length < parts.length) {
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using a ${algorithm} checksum. Each part must have one.`,
    );
  }
  const digest = startDigest(algorithm);
  for (const value of values) digest.update(Buffer.from(value, 'base64'));
  return { algorithm, value: `${digest.digest().toString('base64')}-${parts.length}`, type: 'COMPOSITE' };
}

async function joinParts(store: S3Store, parts: readonly Part[], commit: (body: Body) => void): Promise<void> {
  const writer = await store.files.create();
  try {
    const hash = createHash('sha256');
    let size = 0;
    for (const { body } of parts) {
      const fd = openPart(store.files.pathOf(body.id));
      for await (const chunk of createReadStream('', { fd, highWaterMark: readSize })) {
        if (!(chunk instanceof Uint8Array)) throw new TypeError('a stream of a file gave no bytes');
        hash.update(chunk);
        size += chunk.length;
        await writer.write(chunk);
      }
    }
    await writer.finish();
    commit({ id: writer.id, size, sha256: hash.digest('hex') });
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

function openPart(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const refusal = new S3Error('InvalidPart', 'A part was replaced, or its upload aborted, during completion.');
    refusal.cause = cause;
    throw refusal;
  }
}

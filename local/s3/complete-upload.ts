import { createHash } from 'node:crypto';
import { createReadStream, openSync } from 'node:fs';
import { type Checksum, checksumNode, startDigest } from './checksum.ts';
import { mostParts, readPartNumber } from './multipart-upload.ts';
import type { Body } from './object-store.ts';
import { type Call, etagOf, preconditionFailed, readIfAbsent, type S3Response, type S3Store } from './operation.ts';
import { readText } from './request-body.ts';
import { S3Error } from './s3-error.ts';
import type { Part, Upload } from './upload-store.ts';
import { childText, writeXml } from './xml.ts';
import { malformedXml, readDocument } from './xml-document.ts';

/** 10,000 parts of about 400 bytes of XML each. */
const longestRequest = 4 * 1024 * 1024;
const readSize = 1 << 20;

/**
 * CompleteMultipartUpload: makes the object of the parts named, in their order. To join gigabytes takes a while, in
 * which a sender may give up and ask again: it then waits for the same work.
 */
export async function completeMultipartUpload(call: Call): Promise<S3Response> {
  const { store, place } = call;
  const upload = store.uploads.find(place, call.request.query.get('uploadId') ?? '');
  const text = await readText(call, longestRequest);
  const question = `${upload.id} ${readIfAbsent(call)} ${text}`;
  const known = store.completions.get(question) ?? complete(call, text);
  store.completions.set(question, known);
  try {
    return await known;
  } finally {
    store.completions.delete(question);
  }
}

async function complete(call: Call, text: string): Promise<S3Response> {
  const { store, place } = call;
  const uploadId = call.request.query.get('uploadId') ?? '';
  const upload = store.uploads.find(place, uploadId);
  const ifAbsent = readIfAbsent(call);
  const parts = chooseParts(text, store.uploads.parts(upload.id), store.limits.smallestPart);
  if (ifAbsent && store.objects.find(place.bucket, place.key) !== undefined) throw preconditionFailed('If-None-Match');
  const checksum = compositeChecksum(upload, parts);
  const etags = createHash('sha256');
  for (const part of parts) etags.update(part.etag);
  const etag = `${etagOf(etags.digest('hex'))}-${parts.length}`;
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
    headers: { 'content-type': 'application/xml' },
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

function chooseParts(text: string, held: ReadonlyMap<number, Part>, smallestPart: number): readonly Part[] {
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
    if (at < named.length - 1 && part.size < smallestPart) {
      throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: part.size,
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

/** The one body that the parts are all of, in order and from end to end, where they are a copy. */
function sharedBody(parts: readonly Part[]): Body | undefined {
  const [first] = parts;
  let end = 0;
  for (const { body, start, size } of parts) {
    if (body.id !== first?.body.id || start !== end) return undefined;
    end += size;
  }
  return end === first?.body.size ? first.body : undefined;
}

async function joinParts(store: S3Store, parts: readonly Part[], commit: (body: Body) => void): Promise<void> {
  const shared = sharedBody(parts);
  if (shared !== undefined) return commit(shared);
  const writer = await store.files.create();
  try {
    const hash = createHash('sha256');
    let total = 0;
    for (const { body, start, size } of parts) {
      if (size === 0) continue;
      const fd = openPart(store.files.pathOf(body.id));
      for await (const chunk of createReadStream('', { fd, start, end: start + size - 1, highWaterMark: readSize })) {
        if (!(chunk instanceof Uint8Array)) throw new TypeError('a stream of a file gave no bytes');
        hash.update(chunk);
        total += chunk.length;
        await writer.write(chunk);
      }
    }
    await writer.finish();
    commit({ id: writer.id, size: total, sha256: hash.digest('hex') });
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

import { checksumHeaders, readAlgorithm } from './checksum.ts';
import { type Call, etagOf, objectHeaders, receiveBody, type S3Response } from './operation.ts';
import { S3Error } from './s3-error.ts';
import { writeXml } from './xml.ts';

/** S3's bound: 10,000 parts. */
export const mostParts = 10_000;

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
    headers: { 'content-type': 'application/xml' },
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
    const part = { number, body, start: 0, size: body.size, etag, checksum };
    // Ended while the part came in: the same answer as if it had ended before.
    if (!store.uploads.putPart(upload.id, part)) store.uploads.find(place, uploadId);
    return { status: 200, headers: { etag: `"${etag}"`, ...checksumHeaders(checksum) } };
  });
}

/** AbortMultipartUpload: forgets an upload and its parts. */
export async function abortMultipartUpload(call: Call): Promise<S3Response> {
  const { store, place } = call;
  const upload = store.uploads.find(place, call.request.query.get('uploadId') ?? '');
  store.uploads.abort(upload.id);
  return { status: 204, headers: {} };
}

/** @throws S3Error InvalidArgument */
export function readPartNumber(text: string): number {
  const number = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= mostParts) return number;
  throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${mostParts}, inclusive`, {
    ArgumentName: 'partNumber',
  });
}

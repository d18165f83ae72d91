import { type Checksum, checksumNode, readAlgorithm } from './checksum.ts';
import { findCopySource } from './copy-source.ts';
import type { StoredObject } from './object-store.ts';
import { type Call, objectHeaders, preconditionFailed, readIfAbsent, type S3Response } from './operation.ts';
import { notImplemented, S3Error } from './s3-error.ts';
import { writeXml } from './xml.ts';

/** CopyObject: the copy shares the bytes of its source, which never change; replacing either leaves the other. */
export async function copyObject(call: Call): Promise<S3Response> {
  const { store, place } = call;
  const { place: from, object: source } = await findCopySource(call);
  const { largestSingle } = store.limits;
  if (source.body.size > largestSingle) {
    throw new S3Error(
      'InvalidRequest',
      `The specified copy source is larger than the maximum allowable size for a copy source: ${largestSingle}`,
    );
  }
  const directive = call.options.get('x-amz-metadata-directive') ?? 'COPY';
  if (directive !== 'COPY' && directive !== 'REPLACE')
    throw new S3Error('InvalidArgument', 'Unknown metadata directive.');
  if (directive === 'COPY' && from.bucket === place.bucket && from.key === place.key) {
    throw new S3Error(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
    );
  }
  const ifAbsent = readIfAbsent(call);
  const copy: StoredObject = {
    body: source.body,
    etag: source.etag,
    headers: directive === 'COPY' ? source.headers : objectHeaders(call),
    checksum: copiedChecksum(source, call.options.get('x-amz-checksum-algorithm')),
    modifiedAt: store.clock.now(),
  };
  if (!store.objects.put(place, copy, { ifAbsent })) throw preconditionFailed('If-None-Match');
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml([
      'CopyObjectResult',
      [['ETag', `"${copy.etag}"`], ['LastModified', copy.modifiedAt.toISOString()], ...checksumNode(copy.checksum)],
    ]),
  };
}

/** A copy's checksum is of the whole object, also where its source has one of parts. */
function copiedChecksum(source: StoredObject, asked: string | undefined): Checksum | undefined {
  const algorithm = asked === undefined ? source.checksum?.algorithm : readAlgorithm(asked);
  if (algorithm === undefined) return undefined;
  if (algorithm === source.checksum?.algorithm && source.checksum.type === 'FULL_OBJECT') return source.checksum;
  if (algorithm !== 'sha256') throw notImplemented(`CopyObject with a new checksum of ${algorithm}`);
  return { algorithm, value: Buffer.from(source.body.sha256, 'hex').toString('base64'), type: 'FULL_OBJECT' };
}

import type { StoredObject } from './object-store.ts';
import { type Call, noSuchKey, preconditionFailed } from './operation.ts';
import { notImplemented, S3Error } from './s3-error.ts';
import { checkBucket, checkKey } from './s3-request.ts';
import { checkSeal } from './sealed-files.ts';

export interface CopySource {
  readonly place: { readonly bucket: string; readonly key: string };
  readonly object: StoredObject;
}

/**
 * The object that a copy's `x-amz-copy-source` names, as it is now; its bytes are known to be right.
 * @throws S3Error NoSuchKey; PreconditionFailed where it is another than `x-amz-copy-source-if-match` says
 */
export async function findCopySource(call: Call): Promise<CopySource> {
  const place = readCopySource(call.options.get('x-amz-copy-source') ?? '');
  await checkSeal(call.store, place);
  const object = call.store.objects.find(place.bucket, place.key);
  if (object === undefined) throw noSuchKey(place.key);
  const match = call.options.get('x-amz-copy-source-if-match');
  if (match !== undefined && match.replaceAll('"', '') !== object.etag) {
    throw preconditionFailed('x-amz-copy-source-If-Match');
  }
  return { place, object };
}

function readCopySource(header: string): { bucket: string; key: string } {
  const match = /^\/?([^/?]+)\/([^?]+)(\?.*)?$/.exec(header);
  if (match === null) throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key.');
  if (match[3] !== undefined) throw notImplemented('Copy of a version');
  try {
    const [bucket, key] = [decodeURIComponent(match[1] ?? ''), decodeURIComponent(match[2] ?? '')];
    checkBucket(bucket);
    checkKey(key);
    return { bucket, key };
  } catch (error) {
    if (error instanceof S3Error) throw error;
    throw new S3Error('InvalidArgument', 'Copy Source must be URL-encoded.');
  }
}

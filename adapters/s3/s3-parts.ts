import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Sha256 } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';
import type { BlobPlace, Blobs, BucketName } from '../../core/ports/blobs.ts';
import { checkPlace } from './blob-place.ts';
import { nameOf, statusOf, translateFailure } from './s3-failure.ts';

/** A part as S3 wants it named when an upload is completed; base64. */
export interface CompletedPart {
  readonly ETag: string;
  readonly ChecksumSHA256: string;
}

/** S3's names for parts that are not as they were uploaded. */
const refusals = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'InvalidRequest', 'BadDigest']);

/**
 * Uploads in parts. `client` is the one that signs for others: an upload is begun and ended with no more rights than
 * its parts are sent with.
 */
export function createS3Parts(options: {
  client: S3Client;
  buckets: Readonly<Record<BucketName, string>>;
}): Pick<Blobs, 'startParts' | 'completeParts' | 'abortParts'> {
  const { client, buckets } = options;
  const object = ({ bucket, path }: BlobPlace) => ({ Bucket: buckets[bucket], Key: path });

  return {
    async startParts(place, { contentType }) {
      checkPlace(place);
      try {
        return await startUpload(client, { ...object(place), ContentType: contentType });
      } catch (error) {
        throw translateFailure(error, 'CreateMultipartUpload', place);
      }
    },

    async completeParts(place, uploadId, parts) {
      checkPlace(place);
      const named = parts.map(({ sha256, etag }) => ({ ETag: etag, ChecksumSHA256: toBase64(sha256) }));
      try {
        await completeUpload(client, { ...object(place), UploadId: uploadId }, named, true);
        return 'written';
      } catch (error) {
        if (statusOf(error) === 412) return 'exists';
        if (nameOf(error) === 'NoSuchUpload') return 'gone';
        // The same upload is just being completed: asked again, it will have been.
        if (statusOf(error) === 409) {
          const detail = `The object store is still at ${place.bucket}/${place.path}.`;
          throw new EngineError('service.unavailable', detail, { retryAfterSeconds: 2, cause: error });
        }
        if (refusals.has(nameOf(error) ?? '')) {
          const detail = `The parts of ${place.bucket}/${place.path} are not those that were uploaded.`;
          throw new EngineError('blob.parts_refused', detail, { cause: error });
        }
        throw translateFailure(error, 'CompleteMultipartUpload', place);
      }
    },

    async abortParts(place, uploadId) {
      checkPlace(place);
      try {
        await abortUpload(client, { ...object(place), UploadId: uploadId });
      } catch (error) {
        throw translateFailure(error, 'AbortMultipartUpload', place);
      }
    },
  };
}

/** Begins an upload whose parts have SHA-256 checksums. @returns its id */
export async function startUpload(
  client: S3Client,
  object: { Bucket: string; Key: string; ContentType?: string },
): Promise<string> {
  const input = { ...object, ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' } as const;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(input));
  if (UploadId === undefined) throw new EngineError('internal.error', 'The object store gave an upload no id.');
  return UploadId;
}

/** Makes the object of all parts, in order. */
export async function completeUpload(
  client: S3Client,
  upload: { Bucket: string; Key: string; UploadId: string },
  parts: readonly CompletedPart[],
  ifAbsent: boolean,
): Promise<void> {
  const Parts = parts.map((part, at) => ({ ...part, PartNumber: at + 1 }));
  const condition = ifAbsent ? ({ IfNoneMatch: '*' } as const) : {};
  await client.send(new CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload: { Parts } }));
}

/** Ends an upload with its parts; one that is gone is as good as ended. */
export async function abortUpload(
  client: S3Client,
  upload: { Bucket: string; Key: string; UploadId: string },
): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand(upload));
  } catch (error) {
    if (nameOf(error) !== 'NoSuchUpload') throw error;
  }
}

/** A digest as S3 writes checksums. */
export function toBase64(digest: Sha256): string {
  return Buffer.from(digest, 'hex').toString('base64');
}

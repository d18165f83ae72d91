import { HeadObjectCommand, type S3Client, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { partBytes } from '../../core/builds/parts.ts';
import { EngineError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { nameOf, statusOf } from './s3-failure.ts';
import { abortUpload, type CompletedPart, completeUpload, startUpload } from './s3-parts.ts';

/** Copies of parts at one time: S3 does the work, and one of 64 MiB takes it about half a second. */
const parallel = 16;
/** Waits before an upload that raced with another is begun again, in milliseconds. */
const conflictWaits = [200, 800, 3_200];

/** An object as S3 names it. */
export interface S3Object {
  readonly Bucket: string;
  readonly Key: string;
}

/**
 * Copies an object of any size inside S3, part by part. Cut as the builders' uploads are, the copy has the checksum of
 * parts that such a source has. Whatever fails, no part stays behind.
 * @param options.partSize bytes of each part but the last; that of the builders' uploads unless given
 * @throws S3ServiceException as the SDK throws it; EngineError blob.not_found
 */
export async function copyInParts(
  { client, clock, partSize = partBytes }: { client: S3Client; clock: Clock; partSize?: number },
  from: S3Object,
  to: S3Object,
  ifAbsent: boolean,
): Promise<'written' | 'exists'> {
  const source = await describe(client, from);
  if (source === undefined) throw new EngineError('blob.not_found', `There is no object ${from.Key} to copy.`);
  for (let attempt = 0; ; attempt += 1) {
    if (ifAbsent && (await describe(client, to)) !== undefined) return 'exists';
    const { contentType } = source;
    const UploadId = await startUpload(client, {
      ...to,
      ...(contentType === undefined ? {} : { ContentType: contentType }),
    });
    const upload = { ...to, UploadId };
    try {
      await completeUpload(client, upload, await copyParts(client, from, upload, source, partSize), ifAbsent);
      return 'written';
    } catch (error) {
      // Completed by a try whose answer was lost.
      if (nameOf(error) === 'NoSuchUpload' && (await describe(client, to)) !== undefined) return 'written';
      // That it cannot be ended now is not what went wrong: the bucket's lifecycle rule ends it in a day.
      await abortUpload(client, upload).catch(() => undefined);
      if (ifAbsent && statusOf(error) === 412) return 'exists';
      const pause = statusOf(error) === 409 ? conflictWaits[attempt] : undefined;
      if (pause === undefined) throw error;
      await clock.sleep(pause);
    }
  }
}

interface Source {
  readonly size: number;
  readonly etag: string;
  readonly contentType: string | undefined;
}

async function describe(client: S3Client, object: S3Object): Promise<Source | undefined> {
  try {
    const answer = await client.send(new HeadObjectCommand(object));
    return { size: answer.ContentLength ?? 0, etag: answer.ETag ?? '', contentType: answer.ContentType };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** Copies all parts; where one fails no further one is begun, and those under way have ended when it throws. */
async function copyParts(
  client: S3Client,
  from: S3Object,
  upload: S3Object & { readonly UploadId: string },
  source: Source,
  partSize: number,
): Promise<CompletedPart[]> {
  const count = Math.ceil(source.size / partSize);
  const parts: CompletedPart[] = [];
  let next = 0;
  let failed = false;
  const work = async () => {
    while (next < count && !failed) {
      const at = next;
      next += 1;
      const last = Math.min(source.size, (at + 1) * partSize) - 1;
      const input = {
        ...upload,
        PartNumber: at + 1,
        CopySource: `${from.Bucket}/${from.Key}`,
        CopySourceRange: `bytes=${at * partSize}-${last}`,
        CopySourceIfMatch: source.etag,
      };
      try {
        const { CopyPartResult } = await client.send(new UploadPartCopyCommand(input));
        const { ETag, ChecksumSHA256 } = CopyPartResult ?? {};
        if (ETag === undefined || ChecksumSHA256 === undefined) {
          throw new EngineError('internal.error', `The object store told no checksum of a part of ${from.Key}.`);
        }
        parts[at] = { ETag, ChecksumSHA256 };
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(parallel, count) }, work));
  const broken = workers.find((worker) => worker.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return parts;
}

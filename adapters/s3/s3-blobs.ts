import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { largestObject } from '../../core/builds/parts.ts';
import { type Sha256, sha256 } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';
import type { BlobInfo, BlobPlace, Blobs, BucketName } from '../../core/ports/blobs.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { checkPlace, checkPrefix } from './blob-place.ts';
import { nameOf, statusOf, translateFailure } from './s3-failure.ts';
import { copyInParts } from './s3-part-copy.ts';
import { createS3Parts, toBase64 } from './s3-parts.ts';
import { createS3Signer } from './s3-signer.ts';

/** S3's longest single upload or copy: 5 GiB. */
const largestSingle = 5 * 1024 ** 3;
/** Tries of a conditional write that S3 answers with 409, ConditionalRequestConflict, and the waits between them. */
const conflictWaits = [50, 200, 800, 3200];

/**
 * The object store on S3, or on whatever speaks S3.
 *
 * The client's principal needs s3:ListBucket on the buckets: without it S3 answers a missing object with 403, which
 * here is a failure and not an absence.
 * @param options.client calls S3 itself
 * @param options.buckets the name of each bucket
 * @param options.presignClient signs requests for others; `client` unless given. Signed requests end with its
 *   credentials' session, so a role assumed for the purpose says how long they can live. It also begins and ends
 *   uploads in parts.
 * @param options.largestSingle bytes of the longest upload or copy by one request; S3's unless given
 * @param options.copyPartSize bytes of a part of a longer copy; that of the builders' uploads unless given
 */
export function createS3Blobs(options: {
  client: S3Client;
  buckets: Readonly<Record<BucketName, string>>;
  presignClient?: S3Client;
  clock: Clock;
  largestSingle?: number;
  copyPartSize?: number;
}): Blobs {
  const { client, buckets, clock } = options;
  const single = options.largestSingle ?? largestSingle;
  const presignClient = options.presignClient ?? client;
  const signer = createS3Signer({ client: presignClient, buckets, clock, largestUpload: single });
  const object = ({ bucket, path }: BlobPlace) => ({ Bucket: buckets[bucket], Key: path });

  /** Runs a write under `If-None-Match: *`; S3 answers 412 where the object is there and 409 where another write races. */
  async function write(
    operation: string,
    place: BlobPlace,
    ifAbsent: boolean,
    send: (condition: { IfNoneMatch?: '*' }) => Promise<unknown>,
  ): Promise<'written' | 'exists'> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await send(ifAbsent ? { IfNoneMatch: '*' } : {});
        return 'written';
      } catch (error) {
        if (ifAbsent && statusOf(error) === 412) return 'exists';
        const pause = statusOf(error) === 409 ? conflictWaits[attempt] : undefined;
        if (pause === undefined) throw translateFailure(error, operation, place);
        await clock.sleep(pause);
      }
    }
  }

  async function head(place: BlobPlace): Promise<BlobInfo | undefined> {
    checkPlace(place);
    try {
      const answer = await client.send(new HeadObjectCommand({ ...object(place), ChecksumMode: 'ENABLED' }));
      if (answer.ContentLength === undefined || answer.LastModified === undefined) {
        throw new EngineError(
          'internal.error',
          `The object store told no size or time of ${place.bucket}/${place.path}.`,
        );
      }
      const digests = readChecksum(answer.ChecksumSHA256, answer.ChecksumType);
      return { size: answer.ContentLength, modifiedAt: answer.LastModified, ...digests };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw translateFailure(error, 'HeadObject', place);
    }
  }

  return {
    ...signer,
    ...createS3Parts({ client: presignClient, buckets }),
    head,

    async get(place, range) {
      checkPlace(place);
      if (range !== undefined) checkRange(range);
      if (range?.end !== undefined && range.end === range.start) {
        return (await head(place)) === undefined ? undefined : new Uint8Array();
      }
      const last = range?.end === undefined ? '' : range.end - 1;
      try {
        const answer = await client.send(
          new GetObjectCommand({
            ...object(place),
            ...(range === undefined ? {} : { Range: `bytes=${range.start}-${last}` }),
          }),
        );
        return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (error) {
        if (nameOf(error) === 'NoSuchKey') return undefined;
        // A range that begins at or after the end holds no bytes: a log's reader asks so for what is new.
        if (statusOf(error) === 416) return new Uint8Array();
        throw translateFailure(error, 'GetObject', place);
      }
    },

    async put(place, body, { contentType, ifAbsent = false }) {
      checkPlace(place);
      const ChecksumSHA256 = toBase64(sha256(body));
      const input = { ...object(place), Body: body, ContentType: contentType, ChecksumSHA256 };
      return write('PutObject', place, ifAbsent, (condition) =>
        client.send(new PutObjectCommand({ ...input, ...condition })),
      );
    },

    async copy(from, to, { ifAbsent = false } = {}) {
      checkPlace(from);
      checkPlace(to);
      // Named, so that S3 gives the copy a checksum of the whole object also where its source has one of parts.
      const input = {
        ...object(to),
        CopySource: `${buckets[from.bucket]}/${from.path}`,
        ChecksumAlgorithm: 'SHA256' as const,
      };
      let large = false;
      const copied = await write('CopyObject', to, ifAbsent, async (condition) => {
        try {
          await client.send(new CopyObjectCommand({ ...input, ...condition }));
        } catch (error) {
          if (statusOf(error) === 404) {
            const detail = `There is no object ${from.bucket}/${from.path} to copy.`;
            throw new EngineError('blob.not_found', detail, { cause: error });
          }
          if (nameOf(error) === 'InvalidRequest' && (await isLarge(from))) large = true;
          else throw error;
        }
      });
      if (!large) return copied;
      const partSize = options.copyPartSize;
      try {
        const parts = { client, clock, ...(partSize === undefined ? {} : { partSize }) };
        return await copyInParts(parts, object(from), object(to), ifAbsent);
      } catch (error) {
        throw translateFailure(error, 'UploadPartCopy', to);
      }
    },

    async delete(place) {
      checkPlace(place);
      try {
        await client.send(new DeleteObjectCommand(object(place)));
      } catch (error) {
        throw translateFailure(error, 'DeleteObject', place);
      }
    },

    async list(bucket, prefix, cursor) {
      checkPrefix(prefix);
      try {
        const answer = await client.send(
          new ListObjectsV2Command({
            Bucket: buckets[bucket],
            Prefix: prefix,
            ...(cursor === undefined ? {} : { ContinuationToken: cursor }),
          }),
        );
        const paths = (answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
        const next = answer.NextContinuationToken;
        return next === undefined ? { paths } : { paths, cursor: next };
      } catch (error) {
        throw translateFailure(error, 'ListObjectsV2', { bucket, path: prefix });
      }
    },
  };

  /**
   * S3 tells of a source that is too large by a general code: its size says whether that was it.
   * @throws EngineError blob.too_large where it is larger than any object may be
   */
  async function isLarge(from: BlobPlace): Promise<boolean> {
    const size = (await head(from))?.size ?? 0;
    if (size <= largestObject) return size > single;
    throw new EngineError(
      'blob.too_large',
      `The object ${from.bucket}/${from.path} of ${size} bytes cannot be copied: it may have at most ${largestObject}.`,
    );
  }
}

/** The SHA-256 of the object's bytes or, where it was made of parts (`COMPOSITE`), of theirs: `<base64>-<count>`. */
function readChecksum(text: string | undefined, type: string | undefined): Pick<BlobInfo, 'sha256' | 'partsSha256'> {
  const [base64 = '', count] = (text ?? '').split('-');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== 32) return {};
  const digest: Sha256 = bytes.toString('hex');
  return type === 'COMPOSITE' || count !== undefined ? { partsSha256: digest } : { sha256: digest };
}

function checkRange({ start, end }: { start: number; end?: number }): void {
  const whole = Number.isSafeInteger(start) && start >= 0 && (end === undefined || Number.isSafeInteger(end));
  if (!whole || (end !== undefined && end < start)) {
    throw new RangeError(`a range begins at 0 or later and ends where it begins or later; got ${start} to ${end}`);
  }
}

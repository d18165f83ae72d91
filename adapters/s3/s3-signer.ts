import { GetObjectCommand, PutObjectCommand, type S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Sha256 } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';
import type { BlobPlace, Blobs, BucketName, SignedRequest } from '../../core/ports/blobs.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { checkPlace } from './blob-place.ts';
import { translateFailure } from './s3-failure.ts';
import { toBase64 } from './s3-parts.ts';

/** The longest life of a presigned URL: seven days. */
const longestLife = 604_800;

/**
 * Signs requests that somebody without credentials sends; signing itself asks nobody.
 * @param options.largestUpload bytes that one request uploads at most
 */
export function createS3Signer(options: {
  client: S3Client;
  buckets: Readonly<Record<BucketName, string>>;
  clock: Clock;
  largestUpload: number;
}): Pick<Blobs, 'signGet' | 'signPut' | 'signPart'> {
  const { client, buckets, clock, largestUpload } = options;

  /** When a request signed now ends: with its life or, sooner, with its signer's session. */
  async function lifeOf(seconds: number): Promise<{ signingDate: Date; expiresIn: number; expiresAt: Date }> {
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestLife) {
      throw new RangeError(`a signed request lives 1 to ${longestLife} whole seconds; got ${seconds}`);
    }
    // The signature tells time in whole seconds.
    const signedAt = Math.floor(clock.now().getTime() / 1000) * 1000;
    const ends = signedAt + seconds * 1000;
    const { expiration } = await client.config.credentials();
    const expiresAt = new Date(expiration === undefined ? ends : Math.min(ends, expiration.getTime()));
    return { signingDate: new Date(signedAt), expiresIn: seconds, expiresAt };
  }

  return {
    async signGet(place, { expiresSeconds, downloadName }) {
      checkPlace(place);
      const command = new GetObjectCommand({
        Bucket: buckets[place.bucket],
        Key: place.path,
        ...(downloadName === undefined ? {} : { ResponseContentDisposition: attachment(downloadName) }),
      });
      try {
        const { expiresAt, ...life } = await lifeOf(expiresSeconds);
        return { method: 'GET', url: await getSignedUrl(client, command, life), headers: {}, expiresAt };
      } catch (error) {
        throw error instanceof RangeError ? error : translateFailure(error, 'Signing a GetObject', place);
      }
    },

    async signPut(place, { size, sha256, contentType, ifAbsent, expiresSeconds }) {
      checkPlace(place);
      const checksum = checkBytes(place, size, sha256);
      const headers = {
        'content-length': String(size),
        'content-type': contentType,
        'x-amz-checksum-sha256': checksum,
        ...(ifAbsent ? { 'if-none-match': '*' } : {}),
      };
      const command = new PutObjectCommand({
        Bucket: buckets[place.bucket],
        Key: place.path,
        ContentLength: size,
        ContentType: contentType,
        ChecksumSHA256: checksum,
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      });
      return signUpload((life) => getSignedUrl(client, command, life), headers, place, expiresSeconds);
    },

    async signPart(place, { uploadId, number, size, sha256, expiresSeconds }) {
      checkPlace(place);
      const checksum = checkBytes(place, size, sha256);
      const headers = { 'content-length': String(size), 'x-amz-checksum-sha256': checksum };
      const command = new UploadPartCommand({
        Bucket: buckets[place.bucket],
        Key: place.path,
        UploadId: uploadId,
        PartNumber: number,
        ContentLength: size,
        ChecksumSHA256: checksum,
      });
      return signUpload((life) => getSignedUrl(client, command, life), headers, place, expiresSeconds);
    },
  };

  /** @returns the digest as S3 writes it @throws RangeError; EngineError blob.too_large */
  function checkBytes(place: BlobPlace, size: number, sha256: Sha256): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('sha256 is 64 lower-case hexadecimal digits');
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`size is a number of bytes; got ${size}`);
    if (size > largestUpload) {
      const detail = `The object ${place.bucket}/${place.path} of ${size} bytes cannot be uploaded: one upload takes at most ${largestUpload}.`;
      throw new EngineError('blob.too_large', detail);
    }
    return toBase64(sha256);
  }

  async function signUpload(
    presign: (life: NonNullable<Parameters<typeof getSignedUrl>[2]>) => Promise<string>,
    headers: Readonly<Record<string, string>>,
    place: BlobPlace,
    expiresSeconds: number,
  ): Promise<SignedRequest> {
    // Left to itself the presigner leaves content-type out and moves the checksum to the query, where S3 ignores it.
    const names = new Set(Object.keys(headers));
    try {
      const { expiresAt, ...life } = await lifeOf(expiresSeconds);
      const url = await presign({ ...life, signableHeaders: names, unhoistableHeaders: names });
      const signed = new URL(url).searchParams.get('X-Amz-SignedHeaders')?.split(';') ?? [];
      const missing = [...names].filter((name) => !signed.includes(name));
      if (missing.length > 0) {
        throw new EngineError('internal.error', `The presigner left ${missing.join(', ')} out of the signature.`);
      }
      return { method: 'PUT', url, headers, expiresAt };
    } catch (error) {
      throw error instanceof RangeError ? error : translateFailure(error, 'Signing an upload', place);
    }
  }
}

/** `Content-Disposition` of a download (RFC 6266): a plain name for old readers, the exact one in UTF-8. */
function attachment(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._ -]/g, '_');
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return plain === name
    ? `attachment; filename="${plain}"`
    : `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

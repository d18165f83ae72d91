import type { Sha256 } from '../digest.ts';

/**
 * The buckets: `work` holds what builders and the engine pass to each other (staging, blobs, manifests, logs, plans);
 * `artifacts` holds what users download.
 */
export const bucketNames = ['work', 'artifacts'] as const;
export type BucketName = (typeof bucketNames)[number];

/** Place of an object: path segments of [A-Za-z0-9._-]+ joined by `/`, at most 900 bytes, no `.` or `..` segment. */
export interface BlobPlace {
  readonly bucket: BucketName;
  readonly path: string;
}

export interface BlobInfo {
  readonly size: number;
  /** The checksum that the store computed or verified when the object was written, if it holds one of the whole. */
  readonly sha256?: Sha256;
  /** Of an object made of parts: SHA-256 of the parts' SHA-256s, one after the other in binary. The store verified each. */
  readonly partsSha256?: Sha256;
  readonly modifiedAt: Date;
}

/** A request that somebody without credentials can send until it expires. */
export interface SignedRequest {
  readonly method: 'GET' | 'PUT';
  readonly url: string;
  /** Headers that the sender must send exactly so: they are part of the signature. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: Date;
}

/** The object store. Objects are immutable but for logs; a write is whole or absent. */
export interface Blobs {
  head(place: BlobPlace): Promise<BlobInfo | undefined>;
  /** The object's bytes (or a range of them: `start` inclusive, `end` exclusive); undefined where it is absent. */
  get(place: BlobPlace, range?: { start: number; end?: number }): Promise<Uint8Array | undefined>;
  /** Writes an object; with `ifAbsent` an existing one is left and the answer is 'exists'. */
  put(
    place: BlobPlace,
    body: Uint8Array,
    options: { contentType: string; ifAbsent?: boolean },
  ): Promise<'written' | 'exists'>;
  /**
   * Copies inside the store, which gives the copy a checksum of the whole where one request can copy it (5 GiB on S3),
   * and else one of its parts; with `ifAbsent` an existing target is left and the answer is 'exists'.
   */
  copy(from: BlobPlace, to: BlobPlace, options?: { ifAbsent?: boolean }): Promise<'written' | 'exists'>;
  delete(place: BlobPlace): Promise<void>;
  list(bucket: BucketName, prefix: string, cursor?: string): Promise<{ paths: readonly string[]; cursor?: string }>;
  signGet(place: BlobPlace, options: { expiresSeconds: number; downloadName?: string }): Promise<SignedRequest>;
  /**
   * Signs one upload of exactly these bytes: length, type and SHA-256 are part of the signature, and `ifAbsent`
   * (`If-None-Match: *`) makes the object write-once.
   */
  signPut(
    place: BlobPlace,
    options: { size: number; sha256: Sha256; contentType: string; ifAbsent: boolean; expiresSeconds: number },
  ): Promise<SignedRequest>;
  /** Begins an upload in parts, and names it; nothing is at the place until it is completed. */
  startParts(place: BlobPlace, options: { contentType: string }): Promise<string>;
  /** Signs the upload of one part of exactly these bytes; `number` begins with 1. */
  signPart(
    place: BlobPlace,
    part: { uploadId: string; number: number; size: number; sha256: Sha256; expiresSeconds: number },
  ): Promise<SignedRequest>;
  /**
   * Makes the object of the parts that were uploaded, in this order; an existing object is left and the answer is
   * 'exists'. 'gone': there is no such upload, since it was completed already, or aborted.
   * @throws EngineError blob.parts_refused where a part is not as it was uploaded
   */
  completeParts(
    place: BlobPlace,
    uploadId: string,
    parts: readonly { readonly sha256: Sha256; readonly etag: string }[],
  ): Promise<'written' | 'exists' | 'gone'>;
  /** Ends an upload with all its parts; one that is gone is as good as ended. */
  abortParts(place: BlobPlace, uploadId: string): Promise<void>;
}

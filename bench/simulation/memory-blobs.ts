import { sha256 } from '../../core/digest.ts';
import type { BlobInfo, BlobPlace, Blobs, BucketName, SignedRequest } from '../../core/ports/blobs.ts';
import type { Clock } from '../../core/ports/clock.ts';

interface StoredBlob extends BlobInfo {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** Requests as S3 charges for them. */
export interface BlobRequests {
  /** PUT, COPY, POST, LIST. */
  writes: number;
  /** GET, HEAD. */
  reads: number;
}

/** The object store in memory, which counts requests. Signed requests name the object; nobody sends them. */
export class MemoryBlobs implements Blobs {
  readonly requests: BlobRequests = { writes: 0, reads: 0 };
  readonly #clock: Clock;
  readonly #stored = new Map<string, StoredBlob>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async head(place: BlobPlace): Promise<BlobInfo | undefined> {
    this.requests.reads += 1;
    return this.#stored.get(nameOf(place));
  }

  async get(place: BlobPlace, range?: { start: number; end?: number }): Promise<Uint8Array | undefined> {
    this.requests.reads += 1;
    return this.#stored.get(nameOf(place))?.bytes.slice(range?.start, range?.end);
  }

  async put(
    place: BlobPlace,
    body: Uint8Array,
    options: { contentType: string; ifAbsent?: boolean },
  ): Promise<'written' | 'exists'> {
    this.requests.writes += 1;
    const name = nameOf(place);
    if (options.ifAbsent === true && this.#stored.has(name)) return 'exists';
    const bytes = body.slice();
    this.#stored.set(name, { bytes, size: bytes.length, sha256: sha256(bytes), modifiedAt: this.#clock.now() });
    return 'written';
  }

  async copy(from: BlobPlace, to: BlobPlace, options?: { ifAbsent?: boolean }): Promise<'written' | 'exists'> {
    this.requests.writes += 1;
    const source = this.#stored.get(nameOf(from));
    if (source === undefined) throw new Error(`there is no object ${nameOf(from)}`);
    if (options?.ifAbsent === true && this.#stored.has(nameOf(to))) return 'exists';
    this.#stored.set(nameOf(to), { ...source, modifiedAt: this.#clock.now() });
    return 'written';
  }

  async delete(place: BlobPlace): Promise<void> {
    this.#stored.delete(nameOf(place));
  }

  async list(bucket: BucketName, prefix: string): Promise<{ paths: readonly string[] }> {
    this.requests.writes += 1;
    const start = nameOf({ bucket, path: prefix });
    const names = [...this.#stored.keys()].filter((name) => name.startsWith(start));
    return { paths: names.map((name) => name.slice(bucket.length + 1)).sort() };
  }

  async signGet(place: BlobPlace, options: { expiresSeconds: number }): Promise<SignedRequest> {
    return this.#sign('GET', place, options.expiresSeconds);
  }

  async signPut(place: BlobPlace, options: { expiresSeconds: number }): Promise<SignedRequest> {
    return this.#sign('PUT', place, options.expiresSeconds);
  }

  /** What the simulation's builders make is small: nothing of it goes up in parts. */
  startParts(): Promise<never> {
    return Promise.reject(new Error('no output of the simulation is in parts'));
  }

  signPart(): Promise<never> {
    return this.startParts();
  }

  completeParts(): Promise<never> {
    return this.startParts();
  }

  async abortParts(): Promise<void> {}

  #sign(method: 'GET' | 'PUT', place: BlobPlace, seconds: number): SignedRequest {
    const url = `http://127.0.0.1/${nameOf(place)}`;
    return { method, url, headers: {}, expiresAt: new Date(this.#clock.now().getTime() + seconds * 1_000) };
  }
}

/** The object that a signed request of this store is about. @throws Error where it is none of these */
export function placeOfUrl(url: string): BlobPlace {
  const [, bucket, ...segments] = new URL(url).pathname.split('/');
  if (bucket !== 'work' && bucket !== 'artifacts') throw new Error(`${url} names no bucket`);
  return { bucket, path: segments.join('/') };
}

function nameOf(place: BlobPlace): string {
  return `${place.bucket}/${place.path}`;
}

import type { IncomingMessage } from 'node:http';
import { decodeAwsChunked } from './aws-chunked.ts';
import { type Checksum, declaredChecksum, readAlgorithm, readDigest, startDigest } from './checksum.ts';
import { notImplemented, S3Error } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

/** A body that came whole and is what the request said of it. */
export interface ReceivedBody {
  readonly size: number;
  /** SHA-256 of the bytes, lower-case hexadecimal. */
  readonly sha256: string;
  /** The checksum that the sender declared and the bytes bore out. */
  readonly checksum: Checksum | undefined;
}

/** The request's own part in reading its body. */
export interface BodySource {
  readonly message: IncomingMessage;
  readonly request: S3Request;
  readonly options: ReadonlyMap<string, string>;
  /** What the signature says of the body. */
  readonly payload: string;
  /** Tells the sender, if it waits for that, to send the body. */
  readonly proceed: () => void;
}

/**
 * Reads a body through `sink` (awaited, so that a slow disk slows the sender) and checks it while it streams: length,
 * signed SHA-256, Content-MD5, declared or trailing checksum.
 * @param limit the longest body, in bytes; beyond it EntityTooLarge, where possible before the body is read
 * @throws S3Error with S3's codes; an Error where the sender went away
 */
export async function readBody(
  source: BodySource,
  limit: number,
  sink: (chunk: Uint8Array) => Promise<void> | void,
): Promise<ReceivedBody> {
  const { message, request, options, payload } = source;
  const trailing = payload === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  const signedHash = /^[0-9a-f]{64}$/.test(payload);
  if (!trailing && !signedHash && payload !== 'UNSIGNED-PAYLOAD')
    throw notImplemented(`x-amz-content-sha256 ${payload}`);
  const length = declaredLength(request, options, trailing);
  if (length > limit) throw tooLarge(length, limit);

  const declared = declaredChecksum(options);
  const trailer = trailing ? options.get('x-amz-trailer') : undefined;
  const algorithm = declared?.algorithm ?? (trailer === undefined ? undefined : trailerAlgorithm(trailer));
  const contentMd5 = request.headers.get('content-md5');
  const md5 =
    contentMd5 === undefined ? undefined : { want: readDigest('md5', contentMd5), digest: startDigest('md5') };
  const want = declared === undefined ? undefined : readDigest(declared.algorithm, declared.value);
  const sha256 = startDigest('sha256');
  const other = algorithm === undefined || algorithm === 'sha256' ? undefined : startDigest(algorithm);

  source.proceed();
  let size = 0;
  // A refusal must reach the sender over this connection, so leaving the loop may not destroy it.
  const raw = message.iterator({ destroyOnReturn: false });
  const chunks: AsyncIterator<Uint8Array, unknown, undefined> = trailing ? decodeAwsChunked(raw) : raw;
  let trailers: ReadonlyMap<string, string> = new Map();
  try {
    for (;;) {
      const next = await chunks.next();
      if (next.done === true) {
        if (next.value instanceof Map) trailers = next.value;
        break;
      }
      const chunk = next.value;
      size += chunk.length;
      if (size > length) throw new S3Error('IncompleteBody', 'The body is longer than its declared length');
      sha256.update(chunk);
      other?.update(chunk);
      md5?.digest.update(chunk);
      await sink(chunk);
    }
  } finally {
    await chunks.return?.();
  }
  if (size !== length) {
    throw new S3Error(
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
    );
  }

  const digest = sha256.digest();
  const hash = digest.toString('hex');
  if (signedHash && hash !== payload) {
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      { ClientComputedContentSHA256: payload, S3ComputedContentSHA256: hash },
    );
  }
  if (md5 !== undefined && !md5.digest.digest().equals(md5.want)) throw badDigest('Content-MD5');
  if (algorithm === undefined) return { size, sha256: hash, checksum: undefined };
  const computed = other === undefined ? digest : other.digest();
  const expected = want ?? readDigest(algorithm, trailers.get(`x-amz-checksum-${algorithm}`) ?? '');
  if (!computed.equals(expected)) throw badDigest(algorithm.toUpperCase());
  return { size, sha256: hash, checksum: { algorithm, value: computed.toString('base64'), type: 'FULL_OBJECT' } };
}

/** Reads a small body, such as an XML document, as UTF-8. */
export async function readText(source: BodySource, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  await readBody(source, limit, (chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function declaredLength(request: S3Request, options: ReadonlyMap<string, string>, trailing: boolean): number {
  const text = trailing ? options.get('x-amz-decoded-content-length') : request.headers.get('content-length');
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) {
    throw new S3Error('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  return Number(text);
}

function trailerAlgorithm(trailer: string): Checksum['algorithm'] {
  const name = /^x-amz-checksum-([a-z0-9]+)$/.exec(trailer)?.[1];
  if (name === undefined) throw notImplemented(`Trailer ${trailer}`);
  return readAlgorithm(name);
}

function tooLarge(size: number, limit: number): S3Error {
  return new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
    ProposedSize: size,
    MaxSizeAllowed: limit,
  });
}

function badDigest(what: string): S3Error {
  return new S3Error('BadDigest', `The ${what} you specified did not match the calculated checksum.`);
}

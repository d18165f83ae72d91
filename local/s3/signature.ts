import { createHash, createHmac } from 'node:crypto';
import { equalSecrets } from '../../core/digest.ts';
import { type Authorization, readAuthorization } from './authorization.ts';
import { S3Error } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

/** Whom the server believes, and for which region. */
export interface SigningIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** How far a signer's clock may be off: S3's 15 minutes. */
const allowedSkewMilliseconds = 15 * 60_000;

/**
 * Checks a request's Signature Version 4 as S3 does, for requests signed by header and by query.
 * The canonical request is built here rather than by the signer's library: a check that shares the signer's code
 * shares its mistakes.
 * @returns what the signature says of the body: a SHA-256 in hex, `UNSIGNED-PAYLOAD` or `STREAMING-…`
 * @throws S3Error with S3's code for each way of not being authorised
 */
export function checkSignature(request: S3Request, identity: SigningIdentity, now: Date): { payload: string } {
  const authorization = readAuthorization(request);
  checkScope(authorization, identity);
  checkTime(authorization, now);
  checkCoverage(request, authorization);
  const canonical = canonicalRequest(request, authorization);
  const text = [
    'AWS4-HMAC-SHA256',
    authorization.timestamp,
    `${authorization.day}/${authorization.region}/s3/aws4_request`,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const signature = hmac(signingKey(identity.secretAccessKey, authorization), text).toString('hex');
  if (!equalSecrets(signature, authorization.signature)) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      {
        AWSAccessKeyId: authorization.accessKeyId,
        StringToSign: text,
        SignatureProvided: authorization.signature,
        CanonicalRequest: canonical,
      },
    );
  }
  return { payload: authorization.payload };
}

function checkScope(authorization: Authorization, identity: SigningIdentity): void {
  if (authorization.accessKeyId !== identity.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
      AWSAccessKeyId: authorization.accessKeyId,
    });
  }
  if (authorization.region !== identity.region) {
    throw new S3Error(
      authorization.expiresSeconds === undefined ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError',
      `The region '${authorization.region}' is wrong; expecting '${identity.region}'`,
      { Region: identity.region },
    );
  }
}

function checkTime(authorization: Authorization, now: Date): void {
  const { signedAt, expiresSeconds } = authorization;
  const late = now.getTime() - signedAt.getTime();
  if (expiresSeconds === undefined) {
    if (Math.abs(late) > allowedSkewMilliseconds) {
      throw new S3Error(
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
        {
          RequestTime: authorization.timestamp,
          ServerTime: now.toISOString(),
          MaxAllowedSkewMilliseconds: allowedSkewMilliseconds,
        },
      );
    }
    return;
  }
  if (late < -allowedSkewMilliseconds) throw new S3Error('AccessDenied', 'Request is not yet valid');
  if (late >= expiresSeconds * 1000) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': expiresSeconds,
      Expires: new Date(signedAt.getTime() + expiresSeconds * 1000).toISOString(),
      ServerTime: now.toISOString(),
    });
  }
}

/** Every `x-amz-` header changes what a request means: S3 refuses those that the signature leaves out. */
function checkCoverage(request: S3Request, authorization: Authorization): void {
  const signed = new Set(authorization.signedHeaders);
  const unsigned = [...request.headers.keys()].filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  );
  if (!signed.has('host') && !unsigned.includes('host')) unsigned.push('host');
  if (unsigned.length > 0) {
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    });
  }
}

function canonicalRequest(request: S3Request, authorization: Authorization): string {
  const path = request.rawPath
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');
  const query = request.queryMembers
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((member) => member.join('='))
    .join('&');
  const headers = authorization.signedHeaders.map((name) => `${name}:${request.headers.get(name) ?? ''}\n`).join('');
  const names = authorization.signedHeaders.join(';');
  return [request.method, path, query, headers, names, authorization.payload].join('\n');
}

/** Percent-encoding of RFC 3986: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Code-unit order, which is byte order for what `encode` returns. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function signingKey(secret: string, { day, region }: Authorization): Buffer {
  return ['s3', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${secret}`, day), region));
}

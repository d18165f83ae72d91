import { S3Error } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

/** What a request says of its own signature. */
export interface Authorization {
  readonly accessKeyId: string;
  /** Day of the credential's scope, YYYYMMDD. */
  readonly day: string;
  readonly region: string;
  /** Names in lower case, in the order that was signed. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** YYYYMMDDTHHMMSSZ, as signed. */
  readonly timestamp: string;
  readonly signedAt: Date;
  /** Lifetime of a presigned URL; undefined where the signature stands in the header. */
  readonly expiresSeconds: number | undefined;
  /** What stands for the body in the canonical request. */
  readonly payload: string;
}

type Refuse = (message: string) => S3Error;

/** The longest life of a presigned URL: seven days. */
const longestExpiry = 604_800;
const scheme = 'AWS4-HMAC-SHA256';

/**
 * Reads a request's signature from its header or its query.
 * @throws S3Error AccessDenied where there is none, AuthorizationHeaderMalformed or AuthorizationQueryParametersError
 */
export function readAuthorization(request: S3Request): Authorization {
  const header = request.headers.get('authorization');
  const presigned = request.query.has('X-Amz-Algorithm') || request.query.has('X-Amz-Signature');
  if (header !== undefined && presigned) {
    throw new S3Error('InvalidArgument', 'Only one auth mechanism allowed: the header or the query.');
  }
  if (request.headers.has('x-amz-security-token') || request.query.has('X-Amz-Security-Token')) {
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  if (presigned) return fromQuery(request);
  if (header === undefined) throw new S3Error('AccessDenied', 'Access Denied');
  return fromHeader(request, header);
}

function fromHeader(request: S3Request, header: string): Authorization {
  const refuse: Refuse = (message) => new S3Error('AuthorizationHeaderMalformed', message);
  if (!header.startsWith(`${scheme} `)) throw refuse(`The authorization header must begin with ${scheme}.`);
  const members = new Map(
    header
      .slice(scheme.length + 1)
      .split(',')
      .map((member) => {
        const [name = '', ...value] = member.trim().split('=');
        return [name, value.join('=')];
      }),
  );
  const timestamp = request.headers.get('x-amz-date');
  if (timestamp === undefined)
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid x-amz-date header');
  const payload = request.headers.get('x-amz-content-sha256');
  if (payload === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  return {
    ...readCommon(
      { credential: members.get('Credential'), signedHeaders: members.get('SignedHeaders'), timestamp },
      members.get('Signature'),
      refuse,
    ),
    expiresSeconds: undefined,
    payload,
  };
}

function fromQuery(request: S3Request): Authorization {
  const refuse: Refuse = (message) => new S3Error('AuthorizationQueryParametersError', message);
  if (request.query.get('X-Amz-Algorithm') !== scheme) throw refuse(`X-Amz-Algorithm only supports "${scheme}"`);
  const expires = request.query.get('X-Amz-Expires') ?? '';
  if (!/^[0-9]{1,7}$/.test(expires)) throw refuse('X-Amz-Expires should be a number');
  const expiresSeconds = Number(expires);
  if (expiresSeconds > longestExpiry)
    throw refuse(`X-Amz-Expires must be less than a week (in seconds): ${longestExpiry}`);
  return {
    ...readCommon(
      {
        credential: request.query.get('X-Amz-Credential'),
        signedHeaders: request.query.get('X-Amz-SignedHeaders'),
        timestamp: request.query.get('X-Amz-Date'),
      },
      request.query.get('X-Amz-Signature'),
      refuse,
    ),
    expiresSeconds,
    payload:
      request.headers.get('x-amz-content-sha256') ?? request.query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  };
}

function readCommon(
  parts: { credential: string | undefined; signedHeaders: string | undefined; timestamp: string | undefined },
  signature: string | undefined,
  refuse: Refuse,
): Omit<Authorization, 'expiresSeconds' | 'payload'> {
  const scope = (parts.credential ?? '').split('/');
  const [accessKeyId = '', day = '', region = '', service, end] = scope;
  if (scope.length !== 5 || accessKeyId === '' || service !== 's3' || end !== 'aws4_request') {
    throw refuse('The Credential is malformed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/s3/aws4_request".');
  }
  const signedHeaders = (parts.signedHeaders ?? '').split(';');
  if (signedHeaders.some((name) => !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))) {
    throw refuse('SignedHeaders must be lower-case names joined by semicolons.');
  }
  if (!/^[0-9a-f]{64}$/.test(signature ?? '')) throw refuse('The Signature must be 64 lower-case hexadecimal digits.');
  const timestamp = parts.timestamp ?? '';
  const time = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(timestamp);
  const signedAt = new Date(
    time === null ? Number.NaN : `${time[1]}-${time[2]}-${time[3]}T${time[4]}:${time[5]}:${time[6]}Z`,
  );
  if (Number.isNaN(signedAt.getTime())) throw refuse('X-Amz-Date must be formatted via ISO8601: YYYYMMDDTHHMMSSZ');
  if (!timestamp.startsWith(`${day}T`)) throw refuse('The date of the Credential is not that of X-Amz-Date.');
  return { accessKeyId, day, region, signedHeaders, signature: signature ?? '', timestamp, signedAt };
}

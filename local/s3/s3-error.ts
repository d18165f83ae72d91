import { writeXml, type XmlNode } from './xml.ts';

/** S3's error codes that this server answers, with their HTTP status (Amazon S3 API reference, "Error responses"). */
export const s3ErrorStatus = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  XAmzContentSHA256Mismatch: 400,
} as const satisfies Record<string, number>;

export type S3ErrorCode = keyof typeof s3ErrorStatus;

/** A refusal in S3's words; `details` become elements of the error document, as S3 adds them. */
export class S3Error extends Error {
  readonly code: S3ErrorCode;
  readonly details: Readonly<Record<string, string | number>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: S3ErrorCode,
    message: string,
    details: Readonly<Record<string, string | number>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'S3Error';
    this.code = code;
    this.details = details;
    this.headers = headers;
  }

  get status(): number {
    return s3ErrorStatus[this.code];
  }

  /** The error document of a request for `resource` (its path as sent). */
  toXml(resource: string, requestId: string): string {
    const details = Object.entries(this.details).map(([name, value]): XmlNode => [name, value]);
    return writeXml([
      'Error',
      [['Code', this.code], ['Message', this.message], ...details, ['Resource', resource], ['RequestId', requestId]],
    ]);
  }
}

/** The refusal of what this server does not do: it never ignores what would change a request's meaning. */
export function notImplemented(what: string): S3Error {
  return new S3Error('NotImplemented', `${what} is not implemented by this server.`, { Operation: what });
}

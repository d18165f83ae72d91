import { S3ServiceException } from '@aws-sdk/client-s3';
import { EngineError } from '../../core/errors.ts';
import type { BlobPlace } from '../../core/ports/blobs.ts';

/** Names of S3's that say "not now", beside every status of 500 and above. */
const passing = new Set([
  'SlowDown',
  'RequestTimeout',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TooManyRequests',
]);
const retryAfterSeconds = 2;

/** HTTP status of a failure that S3 answered; undefined for any other, such as a connection that broke. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** S3's name of a failure (`NoSuchKey`, `PreconditionFailed`); undefined for one that is not S3's. */
export function nameOf(error: unknown): string | undefined {
  return error instanceof S3ServiceException ? error.name : undefined;
}

/**
 * Translates a failure of the SDK once: what may pass becomes service.unavailable, the rest internal.error. The detail
 * names the operation and the place; S3's own message stays in `cause`, since it can hold account names.
 */
export function translateFailure(error: unknown, operation: string, place: BlobPlace): EngineError {
  if (error instanceof EngineError) return error;
  const status = statusOf(error);
  const name = nameOf(error);
  const where = `${operation} of ${place.bucket}/${place.path}`;
  if (status === undefined || status >= 500 || status === 429 || passing.has(name ?? '')) {
    return new EngineError('service.unavailable', `The object store did not answer ${where}.`, {
      retryAfterSeconds,
      cause: error,
    });
  }
  return new EngineError(
    'internal.error',
    `The object store refused ${where}: ${name ?? 'no code'}, status ${status}.`,
    {
      cause: error,
    },
  );
}

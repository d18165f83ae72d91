import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { EngineError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { serviceFailure } from '../aws/service-failure.ts';

/** A role that is assumed by another role's session ends after an hour, whatever is asked. */
const sessionSeconds = 3_600;
/** A session signs for this long and is then replaced. */
const signingSeconds = 900;

/**
 * A presigned URL dies with its signer's session, whatever expiry it names. As a session signs only in its first
 * quarter of an hour, a URL that it signed lives for at least this many seconds.
 */
export const longestPresignedSeconds = sessionSeconds - signingSeconds;

export interface PresignCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/**
 * Credentials of the role that signs URLs: one session after another, each fresh enough for `longestPresignedSeconds`.
 * `expiration` is the end of signing, not of the session: the SDK asks again five minutes before it.
 */
export function createPresignCredentials(options: {
  readonly client: STSClient;
  readonly roleArn: string;
  readonly clock: Clock;
}): () => Promise<PresignCredentials> {
  return async () => {
    try {
      const answer = await options.client.send(
        new AssumeRoleCommand({
          RoleArn: options.roleArn,
          RoleSessionName: 'presign',
          DurationSeconds: sessionSeconds,
        }),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials ?? {};
      if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined) {
        throw new EngineError('service.unavailable', 'STS answers without credentials.', { retryAfterSeconds: 5 });
      }
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: SessionToken,
        expiration: new Date(options.clock.now().getTime() + signingSeconds * 1_000),
      };
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw serviceFailure('STS', error);
    }
  };
}

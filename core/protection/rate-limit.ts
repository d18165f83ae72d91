import { type BucketSize, type Level, wholeTokens } from './bucket.ts';

/** The most requests that a process lets pass before it tells the others: a tenth of a bucket, and no more than 20. */
export const untoldAtMost = ({ burst }: BucketSize): number => Math.min(20, Math.floor(burst / 10));

/** What a caller learns of a bucket. */
export interface RateVerdict {
  readonly passes: boolean;
  /** Headers of the answer, whatever it is. */
  readonly headers: Readonly<Record<string, string>>;
  /** Seconds until there is a token. */
  readonly retryAfterSeconds: number;
}

/**
 * The answer of a bucket, with the fields of draft-ietf-httpapi-ratelimit-headers-10: the policy has the quota `q` and
 * the window `w` in which an empty bucket fills; `r` is what remains, and `t` the seconds until all of it is back.
 * @param level after the request
 */
export function verdictOf(size: BucketSize, level: Level, passes: boolean): RateVerdict {
  const window = Math.max(1, Math.ceil(size.burst / size.perSecond));
  const retryAfterSeconds = Math.max(1, Math.ceil((1 - level.tokens) / size.perSecond));
  const full = Math.ceil(level.fullIn / 1_000);
  return {
    passes,
    retryAfterSeconds,
    headers: {
      'ratelimit-policy': `"key";q=${size.burst};w=${window}`,
      // Never before the instant that Retry-After names.
      ratelimit: `"key";r=${passes ? wholeTokens(level) : 0};t=${passes ? full : Math.max(full, retryAfterSeconds)}`,
    },
  };
}

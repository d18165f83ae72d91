/** How fast builds may start: so many a second, after a burst. */
export interface LaunchRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket: what was in it, and when. Each start takes one token. */
export interface Bucket {
  readonly tokens: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What is in the bucket now; a new one is full, and without a rate it is never empty. */
export function tokensNow(bucket: Bucket | undefined, rate: LaunchRate | undefined, now: number): number {
  if (rate === undefined) return Number.POSITIVE_INFINITY;
  if (bucket === undefined) return rate.burst;
  const since = Math.max(0, now - bucket.at) / 1_000;
  return Math.min(rate.burst, bucket.tokens + since * rate.perSecond);
}

/** The bucket after one start. */
export function afterStart(bucket: Bucket | undefined, rate: LaunchRate | undefined, now: number): Bucket | undefined {
  return rate === undefined ? undefined : { tokens: tokensNow(bucket, rate, now) - 1, at: now };
}

/** Milliseconds until there is a token. */
export function untilToken(bucket: Bucket | undefined, rate: LaunchRate | undefined, now: number): number {
  if (rate === undefined) return 0;
  return Math.max(0, Math.ceil(((1 - tokensNow(bucket, rate, now)) / rate.perSecond) * 1_000));
}

/** How large a bucket is and how fast it fills. */
export interface BucketSize {
  /** Tokens that it holds. */
  readonly burst: number;
  /** Tokens that it gets a second. */
  readonly perSecond: number;
}

/** A token bucket as it stands: two instants are all of it. */
export interface Bucket {
  /** When it will be full, or has been since: epoch milliseconds. */
  readonly fullAt: number;
  /** For how many milliseconds it had been full in all when somebody took of it last, counted from 1970. */
  readonly idle: number;
}

/** What is in a bucket at an instant. */
export interface Level {
  /** Below 0 where more was taken than there was. */
  readonly tokens: number;
  /** Milliseconds until it is full. */
  readonly fullIn: number;
}

/** Less than this of a token is rounding: epoch milliseconds are exact to 0.0003 in a double. */
const rounding = 0.01;

/** A bucket that nobody has ever taken of. */
export const fullBucket = (now: number): Bucket => ({ fullAt: now, idle: now });

export function levelOf({ burst, perSecond }: BucketSize, { fullAt }: Bucket, now: number): Level {
  const fullIn = Math.max(0, fullAt - now);
  return { tokens: burst - (fullIn * perSecond) / 1_000, fullIn };
}

export const hasToken = ({ tokens }: Level): boolean => tokens >= 1 - rounding;

/** Whole tokens that are left. */
export const wholeTokens = ({ tokens }: Level): number => Math.max(0, Math.floor(tokens + rounding));

/** For how long the bucket has been full in all. */
export const idleAt = ({ fullAt, idle }: Bucket, now: number): number => idle + Math.max(0, now - fullAt);

/** The bucket after that many tokens were taken, whether they were there or not. */
export function taken({ perSecond }: BucketSize, bucket: Bucket, now: number, tokens: number): Bucket {
  return { fullAt: Math.max(bucket.fullAt, now) + (tokens * 1_000) / perSecond, idle: idleAt(bucket, now) };
}

/** How large a bucket is and how fast it fills. */
export interface BucketSize {
  /** Tokens that it holds. */
  readonly burst: number;
  /** Tokens that it gets a second. */
  readonly perSecond: number;
}

/** A token bucket as it stands: instants are all of it. */
export interface Bucket {
  /** When it will be full, or has been since: epoch milliseconds. */
  readonly fullAt: number;
  /** For how many milliseconds it had been full in all when somebody took of it last, counted from 1970. */
  readonly idle: number;
  /** How many of these were given back to requests that were told late (`takenLate`). */
  readonly givenBack: number;
  /** End of the last time that it was full for as long as an empty one takes to fill: epoch milliseconds. */
  readonly restedUntil: number;
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
export const fullBucket = (now: number): Bucket => ({ fullAt: now, idle: now, givenBack: 0, restedUntil: now });

export function levelOf({ burst, perSecond }: BucketSize, { fullAt }: Bucket, now: number): Level {
  const fullIn = Math.max(0, fullAt - now);
  return { tokens: burst - (fullIn * perSecond) / 1_000, fullIn };
}

export const hasToken = ({ tokens }: Level): boolean => tokens >= 1 - rounding;

/** Whole tokens that are left. */
export const wholeTokens = ({ tokens }: Level): number => Math.max(0, Math.floor(tokens + rounding));

/** For how long the bucket has been full in all. */
export const idleAt = ({ fullAt, idle }: Bucket, now: number): number => idle + Math.max(0, now - fullAt);

/** Milliseconds in which an empty bucket fills. */
const fillTime = ({ burst, perSecond }: BucketSize): number => (burst * 1_000) / perSecond;

const restedUntil = (size: BucketSize, bucket: Bucket, now: number): number =>
  now - bucket.fullAt >= fillTime(size) ? now : bucket.restedUntil;

/** The bucket after that many tokens were taken, whether they were there or not. */
export function taken(size: BucketSize, bucket: Bucket, now: number, tokens: number): Bucket {
  return {
    fullAt: Math.max(bucket.fullAt, now) + (tokens * 1_000) / size.perSecond,
    idle: idleAt(bucket, now),
    givenBack: bucket.givenBack,
    restedUntil: restedUntil(size, bucket, now),
  };
}

/** Requests that passed before they are told. */
export interface Late {
  readonly tokens: number;
  /** When the last of them passed: epoch milliseconds. */
  readonly lastAt: number;
  /** For how long the bucket had been full in all when none of them had passed yet. */
  readonly idle: number;
}

/**
 * The bucket after tokens were taken that nobody told of then. While a bucket is full, what it would get is lost; had it
 * been told, it would have lost less. So what was lost since is given back, each token once and at most a whole bucket
 * ahead, or else each teller would have the same ones; and what passed before a time in which even an empty bucket fills
 * costs nothing.
 */
export function takenLate(size: BucketSize, bucket: Bucket, now: number, late: Late): Bucket {
  if (late.lastAt <= restedUntil(size, bucket, now) - fillTime(size)) return bucket;
  const idle = idleAt(bucket, now);
  const givenBack = Math.max(bucket.givenBack, idle - fillTime(size));
  const cost = (late.tokens * 1_000) / size.perSecond;
  const back = Math.max(0, Math.min(cost, idle - late.idle, idle - givenBack));
  const after = taken(size, bucket, now, ((cost - back) * size.perSecond) / 1_000);
  return { ...after, givenBack: givenBack + back };
}

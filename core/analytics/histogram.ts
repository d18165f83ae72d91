import { z } from 'zod';

/**
 * How much longer a bucket's upper bound is than the one before: every percentile is then within 5 per cent of the true one,
 * as in DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019, with a relative accuracy of (ratio - 1) / (ratio + 1) = 0.0476).
 */
const ratio = 1.1;
const logRatio = Math.log(ratio);

/** Counts of durations by bucket: a duration of `ms` is in bucket ⌈log₁.₁ ms⌉, and one of 0 in `zero`. A year is in bucket 254. */
export const histogramSchema = z.strictObject({
  count: z.number().int().nonnegative(),
  /** Milliseconds in all. */
  sum: z.number().int().nonnegative(),
  zero: z.number().int().nonnegative(),
  buckets: z.record(z.string().regex(/^\d{1,3}$/), z.number().int().positive()),
});
export type Histogram = Readonly<z.infer<typeof histogramSchema>>;

export const emptyHistogram: Histogram = { count: 0, sum: 0, zero: 0, buckets: {} };

/** The bucket of a duration of at least a millisecond. */
export const bucketOf = (milliseconds: number): number => Math.ceil(Math.log(milliseconds) / logRatio);

/** The histogram of one duration, in whole milliseconds. */
export function histogramOf(milliseconds: number): Histogram {
  if (milliseconds < 1) return { count: 1, sum: 0, zero: 1, buckets: {} };
  return { count: 1, sum: milliseconds, zero: 0, buckets: { [bucketOf(milliseconds)]: 1 } };
}

export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const buckets: Record<string, number> = { ...a.buckets };
  for (const [bucket, count] of Object.entries(b.buckets)) buckets[bucket] = (buckets[bucket] ?? 0) + count;
  return { count: a.count + b.count, sum: a.sum + b.sum, zero: a.zero + b.zero, buckets };
}

/**
 * The duration that a share of all is not longer than, in milliseconds, within 5 per cent; undefined where there is none.
 * @param share above 0 to 1: 0.99 for the 99th percentile
 */
export function percentileOf({ count, zero, buckets }: Histogram, share: number): number | undefined {
  if (count === 0) return undefined;
  const rank = Math.ceil(share * count);
  let seen = zero;
  if (seen >= rank) return 0;
  const ordered = Object.entries(buckets).sort(([a], [b]) => Number(a) - Number(b));
  for (const [bucket, entries] of ordered) {
    seen += entries;
    // The point of the bucket that is as far, in proportion, from its one end as from its other.
    if (seen >= rank) return Math.round((2 * ratio ** Number(bucket)) / (ratio + 1));
  }
  throw new Error('the buckets of a histogram hold fewer than it counts');
}

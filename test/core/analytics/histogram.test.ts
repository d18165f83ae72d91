import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  emptyHistogram,
  histogramOf,
  mergeHistograms,
  percentileOf,
} from '../../../core/analytics/histogram.ts';

const year = 366 * 86_400_000;
const durations = fc.array(fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: year })), {
  minLength: 1,
  maxLength: 200,
});
const histogramOfAll = (values: readonly number[]) => values.map(histogramOf).reduce(mergeHistograms, emptyHistogram);

describe('a histogram', () => {
  it('has percentiles within 5 per cent of the true ones', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99, 1), (values, share) => {
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
        const found = percentileOf(histogramOfAll(values), share) ?? Number.NaN;
        // A duration of few milliseconds is rounded to a whole one beside.
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(0.05 * exact + 0.5);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the same in whatever order and parts it is merged', () => {
    fc.assert(
      fc.property(durations, durations, (one, two) => {
        const whole = histogramOfAll([...two, ...one]);
        expect(mergeHistograms(histogramOfAll(one), histogramOfAll(two))).toEqual(whole);
        expect(whole.count).toBe(one.length + two.length);
        expect(whole.sum).toBe([...one, ...two].reduce((sum, value) => sum + value, 0));
      }),
    );
  });

  it('has few buckets: a year is in the 254th', () => {
    expect(bucketOf(year)).toBe(254);
    expect(percentileOf(emptyHistogram, 0.5)).toBeUndefined();
  });
});

import { z } from 'zod';
import { emptyHistogram, histogramOf, histogramSchema, mergeHistograms } from './histogram.ts';

export const outcomes = ['succeeded', 'failed', 'cancelled', 'rejected'] as const;
export type Outcome = (typeof outcomes)[number];

/** By what builds are grouped, beside the day. */
export const dimensions = ['template', 'team', 'distribution'] as const;
export type Dimension = (typeof dimensions)[number];

/** What analytics keep of a build that has ended. */
export const factSchema = z.strictObject({
  buildId: z.string(),
  tenantId: z.string(),
  /** Day of its end, UTC. */
  day: z.iso.date(),
  outcome: z.enum(outcomes),
  /** Why it failed. */
  code: z.string().exactOptional(),
  /** What it is grouped by; absent: it has none. */
  groups: z.partialRecord(z.enum(dimensions), z.string()),
  /** Milliseconds; absent: it was never queued, or never started. */
  queueMilliseconds: z.number().int().nonnegative().exactOptional(),
  runMilliseconds: z.number().int().nonnegative().exactOptional(),
  totalMilliseconds: z.number().int().nonnegative(),
  cacheHits: z.number().int().nonnegative(),
  cacheMisses: z.number().int().nonnegative(),
  /** What its builders cost its tenant; facts and rollups of before cost was kept have none. */
  microDollars: z.number().int().nonnegative().default(0),
});
export type Fact = Readonly<z.infer<typeof factSchema>>;

/** Codes that are counted by their own names in one rollup; the others are counted together. */
const mostCodes = 50;
export const otherCodes = 'other';

/** What the builds of a day and a group come to. Its size is bounded, however many they are. */
export const rollupSchema = z.strictObject({
  outcomes: z.partialRecord(z.enum(outcomes), z.number().int().positive()),
  codes: z.record(z.string(), z.number().int().positive()),
  queue: histogramSchema,
  run: histogramSchema,
  total: histogramSchema,
  cacheHits: z.number().int().nonnegative(),
  cacheMisses: z.number().int().nonnegative(),
  microDollars: z.number().int().nonnegative().default(0),
});
export type Rollup = Readonly<z.infer<typeof rollupSchema>>;

export const emptyRollup: Rollup = {
  ...{ outcomes: {}, codes: {}, queue: emptyHistogram, run: emptyHistogram, total: emptyHistogram },
  ...{ cacheHits: 0, cacheMisses: 0, microDollars: 0 },
};

const histogramOfMaybe = (milliseconds: number | undefined) =>
  milliseconds === undefined ? emptyHistogram : histogramOf(milliseconds);

/** The rollup of one build. */
export function rollupOf(fact: Fact): Rollup {
  return {
    outcomes: { [fact.outcome]: 1 },
    codes: fact.code === undefined ? {} : { [fact.code]: 1 },
    queue: histogramOfMaybe(fact.queueMilliseconds),
    run: histogramOfMaybe(fact.runMilliseconds),
    total: histogramOf(fact.totalMilliseconds),
    ...{ cacheHits: fact.cacheHits, cacheMisses: fact.cacheMisses, microDollars: fact.microDollars },
  };
}

/** What two come to together, in either order. */
export function mergeRollups(a: Rollup, b: Rollup): Rollup {
  return {
    outcomes: sum(a.outcomes, b.outcomes),
    codes: boundedCodes(sum(a.codes, b.codes)),
    queue: mergeHistograms(a.queue, b.queue),
    run: mergeHistograms(a.run, b.run),
    total: mergeHistograms(a.total, b.total),
    ...{ cacheHits: a.cacheHits + b.cacheHits, cacheMisses: a.cacheMisses + b.cacheMisses },
    microDollars: a.microDollars + b.microDollars,
  };
}

function sum<Name extends string>(a: Partial<Record<Name, number>>, b: Partial<Record<Name, number>>) {
  const total: Partial<Record<Name, number>> = { ...a };
  for (const [name, count] of Object.entries(b) as [Name, number][]) total[name] = (total[name] ?? 0) + count;
  return total as Record<Name, number>;
}

/** Codes come from a catalogue, which bounds them; a step's own codes must not make a record grow without end. */
function boundedCodes(codes: Record<string, number>): Record<string, number> {
  const { [otherCodes]: others = 0, ...named } = codes;
  const ordered = Object.entries(named).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const dropped = ordered.slice(mostCodes).reduce((total, [, count]) => total + count, others);
  return Object.fromEntries([
    ...ordered.slice(0, mostCodes),
    ...(dropped === 0 ? [] : [[otherCodes, dropped] as const]),
  ]);
}

import { z } from 'zod';
import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import { type Histogram, percentileOf } from './histogram.ts';
import { rollupPlace } from './places.ts';
import {
  type Dimension,
  dimensions,
  emptyRollup,
  mergeRollups,
  outcomes,
  type Rollup,
  rollupSchema,
} from './rollup.ts';

/** Days that one question may span: a year, the leap day among them. */
export const mostDays = 366;

export const groupings = ['day', ...dimensions] as const;
export type Grouping = (typeof groupings)[number];

const duration = (what: string) =>
  z
    .strictObject({
      mean: z.number().nonnegative(),
      p50: z.number().nonnegative(),
      p90: z.number().nonnegative(),
      p99: z.number().nonnegative(),
    })
    .nullable()
    .describe(`Seconds ${what}, percentiles within 5 per cent; null: of no build.`);

const count = z.number().int().nonnegative();

/** What some builds come to. */
export const figuresSchema = z
  .strictObject({
    builds: count,
    outcomes: z.strictObject({ succeeded: count, failed: count, cancelled: count, rejected: count }),
    runSeconds: duration('from start to end'),
    queueSeconds: duration('from plan to start'),
    totalSeconds: duration('from submission to end'),
    cacheHitRate: z.number().min(0).max(1).nullable().describe('Steps taken from the cache, of all; null: of no step.'),
    failures: z
      .array(z.strictObject({ code: z.string(), builds: count }))
      .describe('Why builds failed, the most first.'),
    microDollars: count.describe(
      'What their builders cost, each build by the rate card when it was counted; what the service pays is not among it.',
    ),
  })
  .meta({ id: 'BuildFigures' });
export type Figures = z.infer<typeof figuresSchema>;

/** Figures of a span of days, in all and by group. */
export interface Analytics {
  readonly all: Figures;
  readonly groups: readonly { readonly group: string; readonly figures: Figures }[];
}

/**
 * The days of a span, both ends among them.
 * @throws EngineError request.invalid where it ends before it begins or is too long
 */
export function daysBetween(from: string, to: string): readonly string[] {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const days = (last - first) / 86_400_000 + 1;
  if (days < 1 || days > mostDays) {
    const reason = days < 1 ? 'is before `from`' : `is ${days} days on from \`from\``;
    throw new EngineError('request.invalid', 'The span of days is not valid.', {
      fields: [
        {
          ...{ path: 'query.to', code: 'field.invalid', reason },
          remedy: `ask for 1 to ${mostDays} days, both ends among them`,
        },
      ],
    });
  }
  return Array.from({ length: days }, (_, day) => new Date(first + day * 86_400_000).toISOString().slice(0, 10));
}

/** What a tenant's builds that ended on some days come to, from their rollups: builds themselves are not read. */
export async function readAnalytics(
  table: Table,
  tenantId: string,
  { days, groupBy }: { readonly days: readonly string[]; readonly groupBy: Grouping },
): Promise<Analytics> {
  const byDay = await readRollups(table, tenantId, days, undefined);
  const groups = groupBy === 'day' ? byDay : await readRollups(table, tenantId, days, groupBy);
  const ordered = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    all: figuresOf([...byDay.values()].reduce(mergeRollups, emptyRollup)),
    groups: ordered.map(([group, rollup]) => ({ group, figures: figuresOf(rollup) })),
  };
}

/** The rollups of some days by their groups: by day, or by the values of a dimension. */
async function readRollups(
  table: Table,
  tenantId: string,
  days: readonly string[],
  dimension: Dimension | undefined,
): Promise<Map<string, Rollup>> {
  const { partition } = rollupPlace(tenantId, '', dimension === undefined ? undefined : [dimension, '']);
  const found = new Map<string, Rollup>();
  const wanted = new Set(days);
  // A month is one query: days without builds cost nothing.
  for (const month of new Set(days.map((day) => day.slice(0, 7)))) {
    let cursor: string | undefined;
    do {
      const page = await table.query({
        ...{ partition, sortPrefix: month, limit: 1_000 },
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { key, data } of page.records) {
        const day = key.sort.slice(0, 10);
        if (!wanted.has(day)) continue;
        const group = dimension === undefined ? day : key.sort.slice(11);
        found.set(group, mergeRollups(found.get(group) ?? emptyRollup, rollupSchema.parse(data)));
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return found;
}

/** Figures as they are shown. */
export function figuresOf(rollup: Rollup): Figures {
  const steps = rollup.cacheHits + rollup.cacheMisses;
  const of = (name: (typeof outcomes)[number]) => rollup.outcomes[name] ?? 0;
  return {
    builds: outcomes.reduce((total, name) => total + of(name), 0),
    outcomes: {
      ...{ succeeded: of('succeeded'), failed: of('failed'), cancelled: of('cancelled'), rejected: of('rejected') },
    },
    runSeconds: secondsOf(rollup.run),
    queueSeconds: secondsOf(rollup.queue),
    totalSeconds: secondsOf(rollup.total),
    cacheHitRate: steps === 0 ? null : Number((rollup.cacheHits / steps).toFixed(4)),
    failures: Object.entries(rollup.codes)
      .map(([code, builds]) => ({ code, builds }))
      .sort((a, b) => b.builds - a.builds || (a.code < b.code ? -1 : 1)),
    microDollars: rollup.microDollars,
  };
}

function secondsOf(histogram: Histogram): Figures['runSeconds'] {
  const at = (share: number) => (percentileOf(histogram, share) ?? 0) / 1_000;
  if (histogram.count === 0) return null;
  return { mean: Math.round(histogram.sum / histogram.count) / 1_000, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

import { z } from 'zod';
import { costTable } from '../plan/cost-table.ts';
import { buildEstimateSchema, transitionDollars } from '../plan/estimate.ts';
import type { ArtifactRecord, AttemptRecord, BuildRecord, StageRecord } from './build-record.ts';

const figures = buildEstimateSchema.pick({ seconds: true, bytes: true, dollars: true }).shape;

/** What a build was thought to take and, once it has succeeded, what it took and by how much that was wrong. */
export const estimateViewSchema = z
  .strictObject({
    estimated: z.strictObject({ ...figures, sources: buildEstimateSchema.shape.sources }),
    actual: z.strictObject(figures).optional().describe('Only of a build that succeeded; dollars by the price table.'),
    error: z
      .strictObject({
        seconds: z.number().optional(),
        bytes: z.number().optional(),
        dollars: z.number().optional(),
      })
      .optional()
      .describe('Estimate over actual, less one: 0.25 is a quarter too much, -0.5 half of what it was.'),
  })
  .meta({ id: 'Estimate' });
export type EstimateView = z.infer<typeof estimateViewSchema>;

/** The view of a build's estimate; undefined of a build that was never planned. */
export function estimateView(
  build: Pick<BuildRecord, 'estimate' | 'state'> & {
    readonly startedAt?: string | undefined;
    readonly endedAt?: string | undefined;
  },
  ran: {
    readonly stages: readonly StageRecord[];
    readonly attempts: readonly AttemptRecord[];
    readonly artifacts: readonly ArtifactRecord[];
  },
): EstimateView | undefined {
  const { estimate, startedAt, endedAt } = build;
  if (estimate === undefined) return undefined;
  const { dollarsPerSecond, ...estimated } = estimate;
  if (build.state !== 'succeeded' || startedAt === undefined || endedAt === undefined) return { estimated };
  const started = new Set(ran.attempts.map((attempt) => attempt.stage));
  const actual = {
    seconds: secondsBetween(startedAt, endedAt),
    bytes: ran.artifacts.reduce((sum, artifact) => sum + artifact.size, 0),
    dollars: ran.attempts.reduce(
      (sum, attempt) => {
        const seconds = secondsBetween(attempt.preparedAt, attempt.endedAt ?? endedAt);
        const billed = Math.max(costTable.prices.leastBilledSeconds, seconds);
        return sum + billed * (dollarsPerSecond[attempt.stage] ?? 0);
      },
      transitionDollars(ran.stages, started.size),
    ),
  };
  return {
    estimated,
    actual: { ...actual, dollars: Number(actual.dollars.toFixed(6)) },
    error: {
      ...relativeError('seconds', estimated.seconds, actual.seconds),
      ...relativeError('bytes', estimated.bytes, actual.bytes),
      ...relativeError('dollars', estimated.dollars, actual.dollars),
    },
  };
}

function relativeError<Name extends string>(name: Name, estimated: number, actual: number): { [name in Name]?: number };
function relativeError(name: string, estimated: number, actual: number): Record<string, number> {
  return actual === 0 ? {} : { [name]: Number((estimated / actual - 1).toFixed(3)) };
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from)) / 1_000;
}

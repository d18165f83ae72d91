import { mostRetries } from '../../core/builds/classify.ts';
import { assumptions } from './assumptions.ts';
import type { FlowCosts } from './flow-cost.ts';
import type { HistoryBound } from './report.ts';

/** Stages that a plan may have (core/plan/plan.ts). */
export const mostStages = 40;

/** Attempts that a stage may have: the first, and a retry for every cause that allows one. */
export const mostAttempts = 1 + Object.values<number>(mostRetries).reduce((sum, retries) => sum + retries, 0);

/**
 * The history of the largest allowed plan where everything that may be tried again is.
 * @throws Error where it is above what Step Functions allows
 */
export function historyBound(flow: FlowCosts): HistoryBound {
  const worst = flow.worst(mostStages, mostAttempts);
  if (worst.events > assumptions.historyEvents) {
    throw new Error(
      `an execution may write ${worst.events} events, Step Functions allows ${assumptions.historyEvents}`,
    );
  }
  return { stages: mostStages, rounds: mostAttempts, worst };
}

import type { Ledger } from './ledger.ts';

/** What came of a run on paper. Times are milliseconds. */
export interface Outcome {
  /** By build, in the order of submission. */
  readonly startedAt: Float64Array;
  readonly endedAt: Float64Array;
  /** By build: a place in `failures`. */
  readonly failure: Uint8Array;
  /** By stage that ran: from the moment it needs nothing more to the launch of its first task. */
  readonly launchWaits: Float64Array;
  readonly makespan: number;
  readonly tasks: number;
  /** Attempts of stages after their first. */
  readonly retries: number;
  /** RunTask calls that were refused: the rate of launches, or the quota of tasks. */
  readonly refusals: number;
  readonly mostTasks: number;
  readonly mostBuilds: number;
  readonly ledger: Ledger;
  readonly dispatches: number;
  /** Builds, queued and running, that the dispatcher read to decide. */
  readonly dispatchReads: number;
}

/** Why a build failed: what its first failed stage says. */
export const failures = ['none', 'step.failed', 'builder.infrastructure', 'builder.lost', 'step.timeout'] as const;
export type FailureCode = Exclude<(typeof failures)[number], 'none'>;

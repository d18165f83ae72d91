import type { StateFailed } from './failure.ts';
import type { Catcher, Retrier } from './states.ts';

/** Errors that only their own name matches: States.ALL does not cover them. */
const terminal = ['States.DataLimitExceeded', 'States.Runtime'];

/** True where one of the names of a retrier or catcher covers an error, by the rules of the states language. */
export function coversError(names: readonly string[], error: string): boolean {
  if (names.includes(error)) return true;
  if (terminal.includes(error)) return false;
  if (names.includes('States.ALL')) return true;
  return names.includes('States.TaskFailed') && error !== 'States.Timeout';
}

/**
 * What the retriers make of a failure.
 * @param retries retries so far in this state, by retrier.
 * @param random from 0 to below 1.
 * @returns the new counts and the delay in milliseconds; undefined where there is nothing to retry.
 */
export function nextRetry(
  retriers: readonly Retrier[],
  failure: StateFailed,
  retries: readonly number[],
  random: number,
): { readonly retries: number[]; readonly delay: number } | undefined {
  const index = retriers.findIndex((candidate) => coversError(candidate.ErrorEquals, failure.error));
  const retrier = retriers[index];
  const count = retries[index] ?? 0;
  if (retrier === undefined || count >= retrier.MaxAttempts) return undefined;
  const grown = retrier.IntervalSeconds * retrier.BackoffRate ** count;
  const seconds = Math.min(grown, retrier.MaxDelaySeconds ?? grown);
  return {
    retries: retriers.map((_, position) => (retries[position] ?? 0) + (position === index ? 1 : 0)),
    delay: Math.round(seconds * 1_000 * (retrier.JitterStrategy === 'FULL' ? random : 1)),
  };
}

/** The first catcher that covers a failure. */
export function catcherOf(catchers: readonly Catcher[], failure: StateFailed): Catcher | undefined {
  return catchers.find((candidate) => coversError(candidate.ErrorEquals, failure.error));
}

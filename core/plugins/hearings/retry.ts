import { sha256 } from '../../digest.ts';
import type { PluginFailureCode } from '../failures.ts';
import type { FailedRun } from '../run-hook.ts';

/**
 * Seconds from each run that failed to the next one: five runs within two hours. What a plugin asks is rarely away for
 * longer, and what it should have told is old by then; it can be told again by hand.
 */
export const retrySeconds: readonly number[] = [30, 300, 1_200, 5_400];

/** Runs of a hearing before it is given up. */
export const mostTries = retrySeconds.length + 1;

/** Share by which a delay may be longer or shorter, so that what failed together does not come again together. */
const jitter = 0.1;

/** Failures that a busy machine may have caused. */
const passing: readonly PluginFailureCode[] = ['plugin.timeout', 'plugin.crashed'];

/** Whether another run may end otherwise: equal input makes an equal result, unless the code asked somebody. */
export const mayPass = ({ code, fetches }: Pick<FailedRun, 'code' | 'fetches'>): boolean =>
  fetches.length > 0 || passing.includes(code);

/**
 * When a plugin is told again; undefined where it is given up. The same hearing and try give the same time.
 * @param tries runs that it has had
 */
export function nextHearing(hearingId: string, tries: number, now: Date): Date | undefined {
  const seconds = retrySeconds[tries - 1];
  if (seconds === undefined) return undefined;
  const chance = Number.parseInt(sha256(`${hearingId}#${tries}`).slice(0, 8), 16) / 2 ** 32;
  return new Date(now.getTime() + Math.round(seconds * (1 - jitter + 2 * jitter * chance) * 1_000));
}

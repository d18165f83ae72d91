import { dayAt } from '../billing/days.ts';
import { type BuildState, isTerminal } from '../builds/lifecycle.ts';
import { bySeverity } from '../vulnerabilities/severity.ts';
import type { Standing } from '../vulnerabilities/standing.ts';
import { type Attempt, wantedFixes, wasTriedFor } from './attempt.ts';
import type { RebuildSettings } from './settings.ts';

/** Rebuilds that are tried for the same fixes, each on another day: an archive may have one later than the data says. */
export const mostTries = 3;

/** Why an image is not built anew by itself. */
export const leftReasons = [
  'below_severity',
  'pinned',
  'superseded',
  'declined',
  'under_way',
  'tried',
  'later',
] as const;
export type LeftReason = (typeof leftReasons)[number];

/** What is known beside how an image stands. */
export interface KnownOfLineage {
  /** Whether it is the newest image of its lineage that is kept. */
  readonly isNewest: boolean;
  /** Whether its publication was refused for good. */
  readonly isRefused: boolean;
  /** Whether a build of its lineage has not ended. */
  readonly isLive: boolean;
  readonly attempt: Attempt | undefined;
  /** Of the build that this attempt submitted. */
  readonly lastState: BuildState | undefined;
  readonly now: Date;
}

/**
 * Why an image is not built anew now; undefined: it is. Of one lineage no data has two rebuilds submitted, and the same
 * fixes are tried for three times at most, on three days: what the archive does not have, no number of builds brings.
 */
export function whyLeft(
  { rebuild, pinned, dataDigest }: Standing,
  { severity }: RebuildSettings,
  { isNewest, isRefused, isLive, attempt, lastState, now }: KnownOfLineage,
): LeftReason | undefined {
  if (rebuild === undefined || bySeverity(rebuild.severity, severity) > 0) return 'below_severity';
  if (pinned === true) return 'pinned';
  if (!isNewest) return 'superseded';
  if (isRefused) return 'declined';
  if (isLive || (lastState !== undefined && !isTerminal(lastState))) return 'under_way';
  if (attempt === undefined) return undefined;
  const hadOne = attempt.build !== undefined && attempt.dataDigest === dataDigest;
  if (!wasTriedFor(wantedFixes(rebuild.packages, severity), attempt)) return hadOne ? 'later' : undefined;
  // Somebody has decided against it.
  if (lastState === 'cancelled' || lastState === 'rejected') return 'declined';
  if (attempt.tries >= mostTries) return 'tried';
  return hadOne || dayAt(Date.parse(attempt.at)) === dayAt(now) ? 'later' : undefined;
}

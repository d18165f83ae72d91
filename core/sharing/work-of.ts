import type { BuildRecord } from '../builds/build-record.ts';

/**
 * Id of the build whose work is this one's: under it lie stages, steps, attempts, logs, artifacts, test reports,
 * evidence and the lock. Its own, unless it shares another's. Record, spec and plan each build has of its own.
 */
export function workOf(build: Pick<BuildRecord, 'id' | 'sharesWith'>): string {
  return build.sharesWith ?? build.id;
}

/**
 * A build as its readers see it. One that was cancelled while others shared its work is over for them, though its work
 * goes on and its record says so.
 */
export function asShown(build: BuildRecord): BuildRecord {
  const { withdrawnAt } = build;
  if (withdrawnAt === undefined) return build;
  return { ...build, state: 'cancelled', cancelRequestedAt: withdrawnAt, endedAt: withdrawnAt };
}

/** True where a build left its work before that had ended: what the work makes is none of its own. */
export function hasLeft(build: Pick<BuildRecord, 'state' | 'sharesWith' | 'withdrawnAt'>): boolean {
  return build.withdrawnAt !== undefined || (build.sharesWith !== undefined && build.state === 'cancelled');
}

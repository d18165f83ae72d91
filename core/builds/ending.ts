import type { BuildRecord } from './build-record.ts';
import { isTerminal } from './lifecycle.ts';

/**
 * True where no more work of a build is wanted: it is over, its end was asked for, or one of its steps failed and it
 * does not keep going. Nothing is begun then, and what runs is told to end with its next heartbeat.
 */
export function isEnding(build: BuildRecord): boolean {
  const failedFast = build.failure !== undefined && build.keepGoing !== true;
  return build.cancelRequestedAt !== undefined || failedFast || isTerminal(build.state);
}

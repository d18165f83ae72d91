import type { StepFailure } from '../../../core/builds/manifest.ts';
import { StepError } from '../step-error.ts';
import type { AttemptLog } from './log.ts';

/** What a step ended with, as the stage's result says it: with its last log lines, to which the reason is then added. */
export function stepFailure(step: string, error: unknown, log: AttemptLog): StepFailure {
  const known = error instanceof StepError ? error : undefined;
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  const reason = log.shown(error instanceof Error ? error.message : 'the step failed');
  const tail = log.tail(step);
  log.add(step, 'agent', reason);
  return {
    step,
    code: known?.code ?? (full ? 'limit.disk' : 'step.failed'),
    reason: reason.slice(0, 2_000).toWellFormed(),
    ...(known?.exitCode === undefined ? {} : { exitCode: known.exitCode }),
    logTail: tail,
  };
}

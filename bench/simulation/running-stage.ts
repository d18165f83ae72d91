import type { Stop } from '../../core/builds/classify.ts';
import { type StateFailed, stoppedTask } from '../../local/flow/failure.ts';
import type { FailureCode } from './outcome.ts';
import type { AttemptDraw } from './workload.ts';

/** How a task ended; `stop` is what ClassifyStage is told. */
type Ending = 'done' | 'step-failed' | { readonly stop: StateFailed };

/** A stage that has begun and is not settled. */
export interface RunningStage {
  /** Its token is stored. */
  waiting: boolean;
  attempt: number;
  /** The stage's retries so far, by the kind of cause. */
  readonly used: Record<Stop['kind'], number>;
  /** Retries by the state's own retriers, in this visit of RunStage. */
  throttled: readonly number[];
  /** When it began to need nothing more. */
  dueAt: number;
  /** A task of it was started before. */
  launched: boolean;
  stepsDone: number;
  onDemand: boolean;
  /** Of its task: how it will end, while it runs. */
  ending: Ending | undefined;
  startedAt: number;
  endsAt: number;
  stop: Stop | undefined;
  failure: FailureCode | undefined;
}

/** A stage as its iteration begins. */
export function unbegun(now: number, onDemand: boolean): RunningStage {
  return {
    waiting: false,
    attempt: 0,
    used: { infrastructure: 0, lost: 0, timeout: 0 },
    throttled: [],
    dueAt: now,
    launched: false,
    stepsDone: 0,
    onDemand,
    ending: undefined,
    startedAt: 0,
    endsAt: 0,
    stop: undefined,
    failure: undefined,
  };
}

/** What a stage's failure is called where its retries are used up. */
export const failureCodes: Readonly<Record<Stop['kind'], FailureCode>> = {
  infrastructure: 'builder.infrastructure',
  lost: 'builder.lost',
  timeout: 'step.timeout',
};

/** What becomes of an attempt that has so much work to do. `worked`: milliseconds of it that it came to. */
export function runOf(
  draw: AttemptDraw,
  work: number,
  onDemand: boolean,
): { readonly worked: number; readonly ending: Ending } {
  const stopped = (code: string, reason: string): Ending => ({ stop: stoppedTask('task', code, reason) });
  if (draw.failsToStart) {
    return { worked: 0, ending: stopped('TaskFailedToStart', 'CannotPullContainerError') };
  }
  const lostAt = draw.lostAfter === undefined ? Number.POSITIVE_INFINITY : draw.lostAfter * work;
  const takenAt = onDemand ? Number.POSITIVE_INFINITY : draw.interruptedAfter;
  if (takenAt < Math.min(work, lostAt)) {
    return { worked: takenAt, ending: stopped('SpotInterruption', 'Spot took it back') };
  }
  if (lostAt < work) {
    return { worked: lostAt, ending: stopped('EssentialContainerExited', 'The container exited') };
  }
  return { worked: work, ending: draw.stepFails ? 'step-failed' : 'done' };
}

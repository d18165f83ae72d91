import type { StepFailure } from '../../core/builds/manifest.ts';

/**
 * A step that ended badly, in the words of the stage's result. Whatever else a program throws is a fault of the
 * program and is reported as `step.failed`.
 */
export class StepError extends Error {
  readonly code: StepFailure['code'];
  readonly exitCode: number | undefined;

  /**
   * @param code one of stepFailureSchema's codes
   * @param reason one sentence for the user: what failed, on which field or name, and the remedy where there is one
   * @param exitCode of the command that failed, where one did
   */
  constructor(code: StepFailure['code'], reason: string, exitCode?: number) {
    super(reason);
    this.name = 'StepError';
    this.code = code;
    this.exitCode = exitCode;
  }
}

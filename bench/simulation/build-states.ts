import { at } from './event-queue.ts';
import { type FailureCode, failures } from './outcome.ts';

/** How far each build of a workload is. Times are milliseconds. */
export class BuildStates {
  readonly startedAt: Float64Array;
  readonly endedAt: Float64Array;
  /** Places in `failures`. */
  readonly failure: Uint8Array;
  readonly #stages: number;
  readonly #atOnce: number;
  readonly #begun: Int32Array;
  readonly #left: Int32Array;

  /** @param atOnce iterations of the Map at once */
  constructor(builds: number, stages: number, atOnce: number) {
    this.startedAt = new Float64Array(builds).fill(Number.NaN);
    this.endedAt = new Float64Array(builds).fill(Number.NaN);
    this.failure = new Uint8Array(builds);
    this.#stages = stages;
    this.#atOnce = atOnce;
    this.#begun = new Int32Array(builds);
    this.#left = new Int32Array(builds).fill(stages);
  }

  start(build: number, now: number): void {
    if (!Number.isNaN(at(this.startedAt, build))) throw new Error(`build ${build} started twice`);
    this.startedAt[build] = now;
  }

  /** The next iteration that the Map begins; undefined where all have begun, or as many as may run do. */
  beginStage(build: number): number | undefined {
    const stage = at(this.#begun, build);
    const running = stage - (this.#stages - at(this.#left, build));
    if (stage === this.#stages || running === this.#atOnce) return undefined;
    this.#begun[build] = stage + 1;
    return stage;
  }

  /** True where it was the build's last. */
  settleStage(build: number): boolean {
    const left = at(this.#left, build) - 1;
    this.#left[build] = left;
    return left === 0;
  }

  hasFailed(build: number): boolean {
    return at(this.failure, build) > 0;
  }

  /** The first failure is the build's; false for a later one. */
  fail(build: number, code: FailureCode): boolean {
    if (this.hasFailed(build)) return false;
    this.failure[build] = failures.indexOf(code);
    return true;
  }

  end(build: number, now: number): void {
    if (at(this.#left, build) > 0) throw new Error(`build ${build} ended before its stages`);
    this.endedAt[build] = now;
  }

  /** @throws Error where a build has not ended */
  check(): void {
    const unfinished = this.endedAt.findIndex(Number.isNaN);
    if (unfinished >= 0) throw new Error(`build ${unfinished} has not ended`);
  }
}

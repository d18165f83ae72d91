import { assumptions } from './assumptions.ts';
import type { Capacity } from './capacity.ts';
import { at } from './event-queue.ts';

/**
 * Fargate as an account meets it: a bucket of launches that fills at a rate, and a quota of tasks at once.
 * It refuses as RunTask does, and checks its own promise against every pair of launches.
 */
export class Fleet {
  readonly #capacity: Pick<Capacity, 'tasks' | 'stagesPerBuild'>;
  readonly #ofBuild: Int32Array;
  #bucket: number = assumptions.launches.burst;
  #filledAt = 0;
  #launched = 0;
  /** The smallest `number of a launch - rate * time` so far: what any later launch must be compared with. */
  #lowest = Number.POSITIVE_INFINITY;
  #running = 0;
  mostRunning = 0;
  refusals = 0;

  constructor(builds: number, capacity: Pick<Capacity, 'tasks' | 'stagesPerBuild'>) {
    this.#capacity = capacity;
    this.#ofBuild = new Int32Array(builds);
  }

  get running(): number {
    return this.#running;
  }

  get launched(): number {
    return this.#launched;
  }

  /** Asks for a task at a time; false where it is refused. */
  launch(now: number, build: number): boolean {
    const { perSecond, burst } = assumptions.launches;
    this.#bucket = Math.min(burst, this.#bucket + ((now - this.#filledAt) * perSecond) / 1_000);
    this.#filledAt = now;
    if (this.#bucket < 1 || this.#running >= this.#capacity.tasks) {
      this.refusals += 1;
      return false;
    }
    this.#bucket -= 1;
    this.#launched += 1;
    this.#running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.#running);
    this.#ofBuild[build] = at(this.#ofBuild, build) + 1;
    this.#check(now, build);
    return true;
  }

  end(build: number): void {
    this.#running -= 1;
    this.#ofBuild[build] = at(this.#ofBuild, build) - 1;
    if (at(this.#ofBuild, build) < 0) throw new Error('a task ended that did not run');
  }

  /** In no span of time are there more launches than the burst and the rate over that span. */
  #check(now: number, build: number): void {
    const { perSecond, burst } = assumptions.launches;
    const level = this.#launched - (perSecond * now) / 1_000;
    this.#lowest = Math.min(this.#lowest, level);
    // A rounding of the bucket's level may let a launch come a trace early.
    if (level - this.#lowest + 1 > burst + 1e-6 * this.#launched + 1e-3) {
      throw new Error(`launch ${this.#launched} at ${now} ms is above the rate`);
    }
    const { tasks, stagesPerBuild } = this.#capacity;
    if (this.#running > tasks) throw new Error(`${this.#running} tasks run, ${tasks} may`);
    const own = at(this.#ofBuild, build);
    if (own > stagesPerBuild) throw new Error(`${own} tasks of build ${build} run, ${stagesPerBuild} may`);
  }
}

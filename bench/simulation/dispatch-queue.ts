import { createIds } from '../../adapters/system/ids.ts';
import { buildsToStart, type DispatchedBuild, type DispatchLimits } from '../../core/builds/dispatch-order.ts';
import { shardCount } from '../../core/builds/keys.ts';
import { Random } from './random.ts';
import type { Arrival } from './workload.ts';

/** A build by its number in the workload. */
interface QueuedBuild extends DispatchedBuild {
  readonly number: number;
}

/** Builds of all shards together that the dispatcher reads at a time (core/builds/build-repository.ts). */
const page = 100 * shardCount;

/**
 * The builds that wait and those that run, as functions/events/dispatch-builds sees them: it reads the queue by pages
 * until the installation's limit is reached, and core/builds/dispatch-order.ts decides.
 */
export class DispatchQueue {
  readonly #builds: readonly QueuedBuild[];
  readonly #limits: DispatchLimits;
  /** In the order of their ids. */
  readonly #queued: QueuedBuild[] = [];
  readonly #running = new Map<number, QueuedBuild>();
  mostRunning = 0;
  dispatches = 0;
  /** Builds that dispatches have read. */
  reads = 0;

  constructor(arrivals: readonly Arrival[], limits: DispatchLimits, seed: number) {
    const random = new Random(seed);
    let now = 0;
    const clock = { now: () => new Date(now), sleep: () => Promise.resolve() };
    const ids = createIds(clock, (bytes) => random.bytes(bytes));
    this.#builds = arrivals.map(({ at, tenant }, number) => {
      now = at;
      const id = ids.next('bld');
      return { number, id, tenantId: String(tenant) };
    });
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#queued.length;
  }

  add(number: number): void {
    const build = this.#builds[number];
    if (build === undefined) throw new RangeError(`there is no build ${number}`);
    let low = 0;
    let high = this.#queued.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queued[middle]?.id ?? '') < build.id) low = middle + 1;
      else high = middle;
    }
    this.#queued.splice(low, 0, build);
  }

  end(number: number): void {
    if (!this.#running.delete(number)) throw new Error(`build ${number} ended but did not run`);
  }

  /** Starts what may start; answers the numbers of the builds. */
  dispatch(): number[] {
    this.dispatches += 1;
    const due: QueuedBuild[] = [];
    this.reads += this.#running.size;
    for (let start = 0; start < this.#queued.length; start += page) {
      const read = this.#queued.slice(start, start + page);
      this.reads += read.length;
      due.push(...buildsToStart(read, [...this.#running.values(), ...due], this.#limits));
      if (this.#running.size + due.length >= this.#limits.installation) break;
    }
    if (due.length === 0) return [];
    const started = new Set(due);
    for (let place = this.#queued.length - 1; place >= 0; place -= 1) {
      const build = this.#queued[place];
      if (build !== undefined && started.has(build)) this.#queued.splice(place, 1);
    }
    for (const build of due) this.#running.set(build.number, build);
    this.#check();
    return due.map((build) => build.number);
  }

  #check(): void {
    const { installation, tenant } = this.#limits;
    this.mostRunning = Math.max(this.mostRunning, this.#running.size);
    if (this.#running.size > installation) throw new Error(`${this.#running.size} builds run, ${installation} may`);
    const ofTenant = new Map<string, number>();
    for (const { tenantId } of this.#running.values()) {
      const own = (ofTenant.get(tenantId) ?? 0) + 1;
      ofTenant.set(tenantId, own);
      if (own > tenant) throw new Error(`${own} builds of tenant ${tenantId} run, ${tenant} may`);
    }
  }
}

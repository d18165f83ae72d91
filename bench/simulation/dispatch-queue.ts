import { createIds } from '../../adapters/system/ids.ts';
import { settlement, weights } from '../../core/queue/charge.ts';
import { FairQueue, type Start } from '../../core/queue/fair-queue.ts';
import type { QueueEntry } from '../../core/queue/queue-entry.ts';
import type { Capacity } from './capacity.ts';
import { Random } from './random.ts';
import type { Arrival } from './workload.ts';

/**
 * The builds that wait and those that run, as functions/events/dispatch-builds sees them: core/queue/fair-queue.ts
 * decides. Estimates are what nobody knows here: each build is charged alike, and settled by how long it ran.
 */
export class DispatchQueue {
  readonly #entries: readonly QueueEntry[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #limits: Capacity['builds'];
  readonly #queue: FairQueue;
  readonly #running = new Map<number, { readonly start: Start; readonly at: number }>();
  mostRunning = 0;
  dispatches = 0;
  /** Entries that dispatches have read: none where everything runs that may, else all. */
  reads = 0;

  constructor(arrivals: readonly Arrival[], limits: Capacity['builds'], seed: number) {
    const random = new Random(seed);
    let now = 0;
    const clock = { now: () => new Date(now), sleep: () => Promise.resolve() };
    const ids = createIds(clock, (bytes) => random.bytes(bytes));
    this.#entries = arrivals.map(({ at, tenant }) => {
      now = at;
      const submittedAt = new Date(at).toISOString();
      return { id: ids.next('bld'), tenantId: String(tenant), keyId: 'key', priority: 'normal', submittedAt };
    });
    this.#numbers = new Map(this.#entries.map(({ id }, number) => [id, number]));
    this.#limits = limits;
    this.#queue = new FairQueue({ time: 0, tenants: new Map() }, limits);
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  add(number: number): void {
    const entry = this.#entries[number];
    if (entry === undefined) throw new RangeError(`there is no build ${number}`);
    this.#queue.add(entry);
  }

  /** @param now milliseconds of paper time */
  end(number: number, now: number): void {
    const ran = this.#running.get(number);
    if (ran === undefined) throw new Error(`build ${number} ended but did not run`);
    this.#running.delete(number);
    const { start, at } = ran;
    this.#queue.end(start.entry);
    if (start.charge === undefined) return;
    const virtual = settlement(start.charge.seconds, (now - at) / 1_000, weights.usual);
    this.#queue.settle(start.entry.tenantId, virtual);
  }

  /** Starts what may start; answers the numbers of the builds. */
  dispatch(now: number): number[] {
    this.dispatches += 1;
    if (this.#running.size < this.#limits.installation) this.reads += this.#running.size + this.#queue.waiting;
    const due: number[] = [];
    for (let start = this.#queue.next(); start !== undefined; start = this.#queue.next()) {
      const number = this.#numbers.get(start.entry.id);
      if (number === undefined) throw new Error(`${start.entry.id} is no build of the workload`);
      this.#running.set(number, { start, at: now });
      due.push(number);
    }
    this.#check();
    return due;
  }

  #check(): void {
    const { installation, tenant } = this.#limits;
    this.mostRunning = Math.max(this.mostRunning, this.#running.size);
    if (this.#running.size > installation) throw new Error(`${this.#running.size} builds run, ${installation} may`);
    const ofTenant = new Map<string, number>();
    for (const { start } of this.#running.values()) {
      const { tenantId } = start.entry;
      const own = (ofTenant.get(tenantId) ?? 0) + 1;
      ofTenant.set(tenantId, own);
      if (own > tenant) throw new Error(`${own} builds of tenant ${tenantId} run, ${tenant} may`);
    }
  }
}

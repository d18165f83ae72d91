import type { BuildRecord } from '../../../core/builds/build-record.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Ids } from '../../../core/ports/ids.ts';
import { ConditionFailed, type Table, type TableKey, type TableRecord } from '../../../core/ports/table.ts';
import { settlement } from '../../../core/queue/charge.ts';
import { readBook, type StoredBook } from '../../../core/queue/dispatch-book.ts';
import { FairQueue } from '../../../core/queue/fair-queue.ts';
import { entryOf, type QueueEntry, queuedEntries, runningEntries } from '../../../core/queue/queue-entry.ts';
import { readShares, tenantShareKey, tenantWeight } from '../../../core/queue/share-repository.ts';
import { type SlotCaps, slotCaps } from '../../../core/queue/slots.ts';
import { startQueued } from '../../../core/queue/start-build.ts';
import { tenantLimits } from '../../../core/quota/owner-quotas.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { Killed } from '../call-life.ts';

interface DispatcherOptions {
  readonly table: Table;
  /** The same, where the dispatcher may be killed. */
  readonly faulty: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly installation: Installation;
  /** Told of each build that runs, once or more. */
  readonly started: (buildId: string) => Promise<void>;
}

const nameOf = ({ partition, sort }: TableKey): string => `${partition} ${sort}`;

/**
 * The dispatcher as it would be if one call of it never ended: the engine's own fair queue, kept true to the table by what
 * is told, and read from it anew where it is not; each start is the engine's own transaction. The engine's dispatcher reads
 * all of the queue for each call, which 100,000 starts on paper would take hours for.
 */
export class PaperDispatcher {
  readonly #options: DispatcherOptions;
  readonly #tenants: QueueEntry[] = [];
  readonly #ownCaps = new Map<string, number>();
  readonly #known = new Set<string>();
  #running: Map<string, QueueEntry> = new Map();
  #queue: FairQueue | undefined;
  #stored: StoredBook = { book: { time: 0 }, version: undefined };
  #records = new Map<string, TableRecord>();
  /** Times that what was decided was out of date, or the dispatcher was killed. */
  rereads = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** A tenant takes part. */
  async join(tenantId: string, weight: number): Promise<void> {
    const { table, installation } = this.#options;
    await table.transact([(await tenantWeight(table, tenantId)).write(weight)]);
    const most = (await tenantLimits({ table, installation }, tenantId)).concurrentBuilds;
    if (most !== undefined) this.#ownCaps.set(tenantId, most);
    const submittedAt = this.#options.clock.now().toISOString();
    this.#tenants.push({ id: tenantId, tenantId, keyId: '', priority: 'normal', submittedAt });
  }

  /** The event of a build that was queued; again for one that is known already. */
  async queued(build: BuildRecord): Promise<void> {
    if (this.#known.has(build.id)) return;
    this.#known.add(build.id);
    (await this.#current()).add(entryOf(build));
    await this.dispatch();
  }

  /** A build has ended: what it took is settled in the table by then. */
  async ended(build: BuildRecord): Promise<void> {
    const entry = this.#running.get(build.id);
    if (entry === undefined) return;
    this.#running.delete(build.id);
    const queue = await this.#current();
    queue.end(entry);
    const { charge, startedAt, endedAt } = build;
    if (charge !== undefined && startedAt !== undefined && endedAt !== undefined) {
      const ran = (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000;
      queue.settle(build.tenantId, settlement(charge.seconds, ran, charge.tenantWeight));
    }
    await this.#refresh(build.tenantId);
  }

  /** Reads everything anew, as each call of the engine's dispatcher does. */
  async reread(): Promise<void> {
    const { table } = this.#options;
    this.rereads += 1;
    this.#stored = await readBook(table);
    const [queued, running] = [await queuedEntries(table), await runningEntries(table)];
    const shares = await readShares(table, this.#stored.book.time, this.#tenants);
    const keys = this.#tenants.map(({ tenantId }) => tenantShareKey(tenantId));
    this.#records = new Map(keys.flatMap((key) => pairOf(key, shares.record(key))));
    this.#queue = new FairQueue(shares.shares, this.#caps());
    for (const entry of queued) {
      this.#known.add(entry.id);
      this.#queue.add(entry);
    }
    const before = this.#running;
    this.#running = new Map(running.map((entry) => [entry.id, entry]));
    for (const entry of running) {
      this.#queue.run(entry);
      this.#known.add(entry.id);
      // One that a dispatcher had started that was killed, and told nobody.
      if (!before.has(entry.id)) await this.#options.started(entry.id);
    }
  }

  /** Starts all that may start. */
  async dispatch(): Promise<void> {
    for (;;) {
      const start = (await this.#current()).next();
      if (start === undefined) return;
      const record = (key: TableKey) => this.#records.get(nameOf(key));
      const shares = { shares: { time: 0, tenants: new Map() }, record, started: () => undefined };
      const { faulty, clock, ids } = this.#options;
      try {
        const decided = { stored: this.#stored, shares };
        const limits = { caps: this.#caps(), rate: undefined };
        const outcome = await startQueued({ table: faulty, clock, ids }, start, decided, limits);
        if (outcome.kind !== 'started') {
          await this.reread();
          continue;
        }
        this.#stored = outcome.book;
        this.#running.set(start.entry.id, start.entry);
        await this.#refresh(start.entry.tenantId);
        await this.#options.started(start.entry.id);
      } catch (error) {
        if (!(error instanceof Killed || error instanceof ConditionFailed)) throw error;
        await this.reread();
      }
    }
  }

  async #current(): Promise<FairQueue> {
    if (this.#queue === undefined) await this.reread();
    if (this.#queue === undefined) throw new Error('there is no queue');
    return this.#queue;
  }

  async #refresh(tenantId: string): Promise<void> {
    const key = tenantShareKey(tenantId);
    for (const [name, record] of pairOf(key, await this.#options.table.get(key))) this.#records.set(name, record);
  }

  #caps(): SlotCaps {
    return { ...slotCaps(this.#options.installation), own: this.#ownCaps };
  }
}

function pairOf(key: TableKey, record: TableRecord | undefined): (readonly [string, TableRecord])[] {
  return record === undefined ? [] : [[nameOf(key), record]];
}

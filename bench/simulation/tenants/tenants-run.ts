import { createIds } from '../../../adapters/system/ids.ts';
import { updateBuild } from '../../../core/builds/build-repository.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { EngineError } from '../../../core/errors.ts';
import { toJsonObject } from '../../../core/json.ts';
import { ConditionFailed, type Table, type TableWrite } from '../../../core/ports/table.ts';
import { reservePlanned } from '../../../core/quota/gate.ts';
import { settingPlace } from '../../../core/quota/places.ts';
import { settleLeases } from '../../../core/quota/settlement.ts';
import { type Swept, sweepQuotas } from '../../../core/quota/sweep.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { newTenant } from '../../../core/tenancy/tenant.ts';
import { Killed } from '../call-life.ts';
import { faultyTable } from '../faulty-table.ts';
import { MemoryTable } from '../memory-table.ts';
import { paperSpec } from '../paper-plan.ts';
import { mix, Random } from '../random.ts';
import { Agenda } from './agenda.ts';
import { PaperDispatcher } from './paper-dispatcher.ts';
import { drawBuild, drawTenants, limitedQuotas, type PaperTenant } from './population.ts';
import { idOf, madeWrites, origin, queuedBuild, type RunBuild, type RunTenant } from './run-build.ts';

export interface TenantsOptions {
  readonly tenants: number;
  readonly builds: number;
  /** Builds at once in the installation. */
  readonly slots: number;
  readonly seed: number;
}

/** What happened beside what should. */
export interface Mishaps {
  kills: number;
  refusals: number;
  duplicates: number;
  lost: number;
}

/** Builds that a contender has waiting at any time. */
const backlog = 3;
/** Shares of events that never come, that come twice; mean milliseconds in which they come, in any order. */
const events = { lost: 0.01, twice: 0.05, delay: 3_000 };
/** Shares of transactions that another writer comes before, and in which the function is killed. */
const faults = { conflict: 0.005, kill: 0.002 };
const sweepMilliseconds = 15 * 60_000;
/** Nobody runs it: what builds take is drawn. */
const anySpec = paperSpec('paper', [[]]);

/**
 * Tenants who submit, a dispatcher, builds that take their time, events and sweeps, on paper time over one table: who is
 * let in, what is reserved, who starts, what is counted are the engine's own functions, each with its own transactions.
 */
export class TenantsRun {
  readonly table = new MemoryTable((partition) => /^(?:OUTBOX|AUDITPENDING|SPEC)#/.test(partition));
  readonly agenda = new Agenda();
  readonly clock = { now: () => new Date(origin + this.agenda.now), sleep: () => Promise.resolve() };
  readonly mishaps: Mishaps = { kills: 0, refusals: 0, duplicates: 0, lost: 0 };
  readonly swept = { settled: 0, mended: 0, removed: 0 };
  readonly tenants: RunTenant[] = [];
  readonly dispatcher: PaperDispatcher;
  readonly #random: Random;
  readonly #faulty: Table;
  readonly #ids;
  readonly #installation: Installation;
  readonly #options: TenantsOptions;
  /** Builds that were submitted and whose client knows it, by id. */
  readonly #known = new Map<string, { readonly one: RunTenant; readonly build: RunBuild }>();
  #open = 0;

  constructor(options: TenantsOptions) {
    this.#options = options;
    this.#random = new Random(mix(options.seed, 41));
    this.#faulty = faultyTable(this.table, faults, new Random(mix(options.seed, 42)));
    const random = new Random(mix(options.seed, 43));
    this.#ids = createIds(this.clock, (bytes) => random.bytes(bytes));
    this.#installation = {
      ...{ apiUrl: 'http://127.0.0.1', toolchain: 'c'.repeat(64), mode: 'contained', architectures: ['amd64'] },
      ...{ outputs: ['tar'], cursorSecret: 's'.repeat(43), spot: true, stagesPerBuild: 10, warmsPresets: false },
      ...{ cacheLimitBytes: 1, concurrentBuilds: options.slots, concurrentBuildsPerTenant: options.slots },
    };
    this.dispatcher = new PaperDispatcher({
      ...{ table: this.table, faulty: this.#faulty, clock: this.clock, ids: this.#ids },
      installation: this.#installation,
      started: (buildId) => this.#started(buildId),
    });
  }

  /** Runs until every build has ended or was refused, and every event that comes has come. */
  async run(): Promise<void> {
    const { tenants, builds, seed } = this.#options;
    for (const tenant of drawTenants(tenants, builds)) {
      const made = newTenant(this.clock, this.#ids, { name: `tenant ${tenant.place}` });
      const { tenantId } = made.record;
      await this.table.transact([made.write, ...this.#settingOf(tenant, tenantId)]);
      await this.dispatcher.join(tenantId, tenant.weight);
      const own = Array.from({ length: tenant.builds }, (_, number): RunBuild => {
        const drawn = drawBuild(seed, tenant.place, number);
        const times = { queuedAt: undefined, startedAt: undefined, endedAt: undefined };
        return { ...drawn, tenant, number, id: undefined, ...times, refused: false };
      });
      this.tenants.push({ tenant, tenantId, builds: own, submitted: 0, waiting: 0 });
      this.#open += own.length;
    }
    for (const one of this.tenants) this.#submitMore(one);
    this.#sweepLater();
    while (await this.agenda.next());
  }

  #settingOf({ kind }: PaperTenant, tenantId: string): TableWrite[] {
    if (kind === 'contender') return [];
    const data = toJsonObject({ tier: 'free', overrides: limitedQuotas, changedAt: this.clock.now().toISOString() });
    return [{ kind: 'put', key: settingPlace(tenantId), data }];
  }

  /** Does what may be killed, and again as often as it is. */
  async #untilDone(delay: number, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const again = error instanceof Killed || error instanceof ConditionFailed;
      const unavailable = error instanceof EngineError && error.code === 'service.unavailable';
      if (!again && !unavailable) throw error;
      this.mishaps.kills += 1;
      this.agenda.after(delay, () => this.#untilDone(delay, act));
    }
  }

  #submitMore(one: RunTenant): void {
    while (one.waiting < backlog && one.submitted < one.builds.length) {
      const build = one.builds[one.submitted];
      one.submitted += 1;
      one.waiting += 1;
      if (build !== undefined) this.agenda.after(this.#random.exponential(2_000), () => this.#submit(one, build));
    }
  }

  /** A client submits; killed or refused, it tries again with the same Idempotency-Key. */
  #submit(one: RunTenant, build: RunBuild): Promise<void> {
    return this.#untilDone(2_000, async () => {
      const { tenantId } = one;
      const ports = { table: this.#faulty, clock: this.clock, ids: this.#ids, installation: this.#installation };
      const idempotencyKey = `build-${build.number}`;
      try {
        const made = await submitBuild(ports, { tenantId, keyId: 'key_1', spec: anySpec, idempotencyKey });
        build.id = made.build.id;
        this.#known.set(made.build.id, { one, build });
      } catch (error) {
        if (!(error instanceof EngineError) || error.code === 'service.unavailable') throw error;
        this.mishaps.refusals += 1;
        if (error.retryAfterSeconds === undefined) return this.#drop(one, build);
        const wait = error.retryAfterSeconds * 1_000 + this.#random.exponential(60_000);
        this.agenda.after(wait, () => this.#submit(one, build));
        return;
      }
      this.#tell(() => this.#plan(one, build), 60_000);
    });
  }

  /** Nothing will free what it needs. */
  async #drop(one: RunTenant, build: RunBuild): Promise<void> {
    build.refused = true;
    one.waiting -= 1;
    this.#open -= 1;
    this.#submitMore(one);
  }

  /** What plan-build does once it has a plan: the gate, then the queue. */
  #plan(one: RunTenant, build: RunBuild): Promise<void> {
    return this.#untilDone(10_000, async () => {
      const id = idOf(build);
      const planning = await updateBuild(this.#faulty, id, (record) =>
        record.state === 'submitted' ? { build: { ...record, state: 'planning' } } : undefined,
      );
      if (planning?.state !== 'planning') return;
      const use = {
        ...({ buildMinutesPerMonth: Math.ceil(build.estimate / 60), images: 1, storedBytes: build.bytes } as const),
      };
      try {
        await reservePlanned(
          { table: this.#faulty, clock: this.clock, ids: this.#ids, installation: this.#installation },
          planning,
          use,
        );
      } catch (error) {
        if (!(error instanceof EngineError) || error.code !== 'quota.exceeded') throw error;
        this.mishaps.refusals += 1;
        await this.#end(one, build, 'failed', 'quota.exceeded');
        return;
      }
      const queued = await updateBuild(this.#faulty, id, (record) =>
        record.state === 'planning' ? { build: queuedBuild(record, build, this.clock.now()) } : undefined,
      );
      if (queued?.state !== 'queued') return;
      build.queuedAt ??= this.agenda.now;
      this.#tell(() => this.dispatcher.queued(queued), 60_000);
    });
  }

  /** An execution begins; where the dispatcher died before it said so, the sweep of running builds says it. */
  async #started(buildId: string): Promise<void> {
    const found = this.#known.get(buildId);
    if (found === undefined) throw new Error(`nobody submitted ${buildId}`);
    const { one, build } = found;
    if (build.startedAt !== undefined) return;
    build.startedAt = this.agenda.now;
    // A kill between the submission and its answer leaves the client to ask again: it is the same build then.
    one.waiting -= 1;
    this.#submitMore(one);
    this.agenda.after(build.milliseconds, () => this.#execute(one, build));
  }

  async #execute(one: RunTenant, build: RunBuild): Promise<void> {
    const codes = {
      failed: 'script.failed',
      broken: 'builder.infrastructure',
      succeeded: undefined,
      cancelled: undefined,
    };
    const state = build.outcome === 'broken' ? 'failed' : build.outcome;
    if (state === 'succeeded') await this.table.transact(madeWrites(build, this.agenda.now));
    await this.#end(one, build, state, codes[build.outcome]);
  }

  /** The end is told by the execution, maybe twice; the last event of a build is told to the quotas and the dispatcher. */
  async #end(
    one: RunTenant,
    build: RunBuild,
    state: 'succeeded' | 'failed' | 'cancelled',
    code: string | undefined,
  ): Promise<void> {
    await this.#untilDone(5_000, async () => {
      const failure = code === undefined ? undefined : { code, reason: 'so it was drawn', logTail: [] };
      const ports = { table: this.#faulty, clock: this.clock, ids: this.#ids };
      const ended = await endBuild(ports, idOf(build), state, failure);
      if (ended === undefined) throw new Error('the build is missing');
      if (build.endedAt === undefined) {
        build.endedAt = this.agenda.now;
        this.#open -= 1;
        if (build.startedAt === undefined) {
          one.waiting -= 1;
          this.#submitMore(one);
        }
      }
      await this.dispatcher.ended(ended);
      this.#tell(() => this.#settle(build), undefined);
      this.#tell(() => this.dispatcher.dispatch(), 60_000);
    });
  }

  #settle(build: RunBuild): Promise<void> {
    return this.#untilDone(30_000, async () => {
      await settleLeases(this.#faulty, idOf(build));
    });
  }

  /**
   * An event comes some time later, in no order; or twice, or never: then a sweep does what it would have done, after so
   * many milliseconds; without them the quotas' own sweeper must.
   */
  #tell(act: () => Promise<void>, sweptAfter: number | undefined): void {
    const luck = this.#random.next();
    if (luck < events.lost) {
      this.mishaps.lost += 1;
      if (sweptAfter !== undefined) this.agenda.after(this.#random.next() * sweptAfter, act);
      return;
    }
    this.agenda.after(this.#random.exponential(events.delay), act);
    if (luck > 1 - events.twice) {
      this.mishaps.duplicates += 1;
      this.agenda.after(this.#random.exponential(events.delay * 20), act);
    }
  }

  #sweepLater(): void {
    this.agenda.after(sweepMilliseconds, async () => {
      await this.#untilDone(sweepMilliseconds, async () =>
        this.#add(await sweepQuotas({ table: this.#faulty, clock: this.clock })),
      );
      await this.dispatcher.reread();
      if (this.#open > 0) this.#sweepLater();
    });
  }

  #add({ settled, mended, removed }: Swept): void {
    this.swept.settled += settled;
    this.swept.mended += mended;
    this.swept.removed += removed;
  }

  /** Sweeps without faults until there is nothing to do: what the last events left undone. */
  async sweepAll(): Promise<void> {
    this.agenda.after(3_600_000, async () => undefined);
    while (await this.agenda.next());
    for (let quiet = 0; quiet * 50 <= this.tenants.length; ) {
      const swept = await sweepQuotas({ table: this.table, clock: this.clock });
      this.#add(swept);
      quiet = swept.settled + swept.mended + swept.removed === 0 ? quiet + 1 : 0;
    }
  }
}

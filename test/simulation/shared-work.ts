import { setImmediate as turn } from 'node:timers/promises';
import { createWebhookSender } from '../../adapters/network/webhook-sender.ts';
import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../adapters/system/ids.ts';
import { createKeyVault } from '../../adapters/vault/key-vault.ts';
import { Killed } from '../../bench/simulation/call-life.ts';
import { faultyTable } from '../../bench/simulation/faulty-table.ts';
import { MemoryBlobs } from '../../bench/simulation/memory-blobs.ts';
import { paperArchive } from '../../bench/simulation/paper-plan.ts';
import { mix, Random } from '../../bench/simulation/random.ts';
import { wholeTenant } from '../../core/access/reach.ts';
import type { BuildRecord } from '../../core/builds/build-record.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import { isTerminal } from '../../core/builds/lifecycle.ts';
import { endBuild, markFailure } from '../../core/builds/settle.ts';
import { type RunOptions, submitBuild } from '../../core/builds/submit-build.ts';
import { EngineError } from '../../core/errors.ts';
import { eventEnvelope, executionEnvelope, scheduleEnvelope } from '../../core/events/envelope.ts';
import { type EngineEvent, engineEventSchema } from '../../core/events/event.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Ports } from '../../core/ports/ports.ts';
import type { Table } from '../../core/ports/table.ts';
import { requestCancel } from '../../core/sharing/cancel.ts';
import { eventRules } from '../../core/wiring/event-rules.ts';
import { eventHandlers } from '../../local/functions.ts';
import { specWith } from '../core/plan/plan-fixtures.ts';

type Handled = 'planBuild' | 'dispatchBuilds' | 'cancelBuild' | 'settleBuild' | 'bringSharersOn';
const handled: readonly string[] = ['planBuild', 'dispatchBuilds', 'cancelBuild', 'settleBuild', 'bringSharersOn'];
type Outcome = 'succeeded' | 'failed';

/** What happens to the engine from outside; numbers are taken modulo what there is. */
export type Happening =
  | { readonly kind: 'submit'; readonly tenant: number; readonly plan: number; readonly run: RunOptions }
  /** `all`: every build that there is so far. */
  | { readonly kind: 'cancel'; readonly build: number; readonly all: boolean }
  | { readonly kind: 'deliver'; readonly event: number; readonly fate: 'once' | 'twice' | 'lost' }
  | { readonly kind: 'flush' }
  | { readonly kind: 'end'; readonly work: number; readonly outcome: Outcome }
  | { readonly kind: 'sweep'; readonly target: number };

/** How often functions are killed, and records disturbed. */
const faults = { conflict: 0.05, kill: 0.05 };
const specs = [0, 1].map((plan) => specWith({ system: { hostname: `plan${plan}` }, outputs: [{ type: 'tar' }] }));
const sweeps: readonly Handled[] = ['planBuild', 'dispatchBuilds', 'settleBuild', 'bringSharersOn'];

/**
 * The engine's own functions from the submission to the end of a build, over a table of its own, with a bus that loses,
 * doubles and reorders events, functions that are killed, and executions that end as they are told. What happens in one
 * burst happens at the same time: each call of the table may let the others go first.
 */
export class SharedWork {
  readonly builds: { readonly id: string; readonly tenantId: string; asked: boolean }[] = [];
  /** Executions that were started, and how each was to end. */
  readonly executions = new Map<string, 'running' | 'stopped' | Outcome>();
  readonly told: EngineEvent[] = [];
  readonly table: Table;
  readonly #waiting: (() => Promise<unknown>)[] = [];
  readonly #random: Random;
  readonly #ports: Ports;
  readonly #sound: Ports;
  readonly #close: () => void;
  #now = 1_767_225_600_000;

  constructor(seed: number) {
    this.#random = new Random(mix(seed, 1));
    const clock: Clock = { now: () => new Date(this.#now), sleep: async () => undefined };
    const idBytes = new Random(mix(seed, 2));
    const sqlite = openSqliteTable({ file: ':memory:', clock });
    this.table = sqlite;
    this.#close = () => sqlite.close();
    const yields = async () => {
      for (let turns = this.#random.integer(0, 3); turns > 0; turns -= 1) await Promise.resolve();
    };
    const heard: Table = {
      get: (key) => yields().then(() => sqlite.get(key)),
      query: (query) => yields().then(() => sqlite.query(query)),
      transact: async (writes) => {
        await yields();
        await sqlite.transact(writes);
        for (const write of writes) {
          if (write.kind === 'put' && write.key.partition.startsWith('OUTBOX#')) {
            this.#hear(engineEventSchema.parse(write.data));
          }
        }
      },
    };
    const flow: Ports['flow'] = {
      start: async (name) => {
        if (this.executions.has(name)) return 'exists';
        this.executions.set(name, 'running');
        return 'started';
      },
      status: async (name) => {
        const state = this.executions.get(name);
        return state ?? 'unknown';
      },
      stop: async (name) => {
        if (this.executions.get(name) !== 'running') return;
        this.executions.set(name, 'stopped');
        this.#settles(name, 'ABORTED');
      },
      sendTaskSuccess: async () => 'gone',
    };
    this.#ports = {
      installation: {
        ...{ apiUrl: 'http://127.0.0.1', toolchain: 'c'.repeat(64), mode: 'contained', architectures: ['amd64'] },
        ...{ outputs: ['tar'], cursorSecret: 's'.repeat(43), concurrentBuilds: 3, concurrentBuildsPerTenant: 2 },
        ...{ stagesPerBuild: 4, spot: false, cacheLimitBytes: Number.MAX_SAFE_INTEGER, warmsPresets: false },
      },
      table: faultyTable(heard, faults, new Random(mix(seed, 3))),
      blobs: new MemoryBlobs(clock),
      flow,
      tasks: { stop: async () => undefined, running: async () => [] },
      bus: { publish: async () => [] },
      archive: { state: async () => paperArchive, extra: async () => [], places: () => paperArchive.suites },
      packages: { gone: async () => [] },
      signer: { key: async () => ({ keyId: 'd'.repeat(64), publicKey: '' }), sign: async (bytes) => bytes },
      vault: createKeyVault(new Uint8Array(32)),
      webhooks: createWebhookSender({ privateHosts: [] }),
      clock,
      ids: createIds(clock, (bytes) => idBytes.bytes(bytes)),
    };
    this.#sound = { ...this.#ports, table: heard };
  }

  #hear(event: EngineEvent): void {
    this.told.push(event);
    for (const { types, target } of eventRules) {
      if (!types.includes(event.type) || !isHandled(target)) continue;
      this.#waiting.push(() => eventHandlers[target](this.#ports, eventEnvelope(event)));
    }
  }

  #settles(name: string, status: 'ABORTED' | 'SUCCEEDED'): void {
    const envelope = executionEnvelope({ name, status, input: {} }, 'evt', new Date(this.#now));
    this.#waiting.push(() => eventHandlers.settleBuild(this.#ports, envelope));
  }

  /** All of these at the same time. */
  async burst(happenings: readonly Happening[]): Promise<void> {
    this.#now += 1_000;
    await Promise.all(happenings.map((happening) => this.#happen(happening)));
    await turn();
  }

  async #happen(happening: Happening): Promise<void> {
    switch (happening.kind) {
      case 'submit': {
        const tenantId = `ten_${happening.tenant}`;
        const spec = nth(specs, happening.plan) ?? specWith({});
        const { build } = await submitBuild(this.#sound, { tenantId, keyId: 'key_1', spec, run: happening.run });
        this.builds.push({ id: build.id, tenantId, asked: false });
        return;
      }
      case 'cancel': {
        const one = nth(this.builds, happening.build);
        const chosen = happening.all ? [...this.builds] : one === undefined ? [] : [one];
        for (const build of chosen) build.asked = true;
        await Promise.all(
          chosen.map(({ tenantId, id }) => outlive(requestCancel(this.#ports, wholeTenant(tenantId), id))),
        );
        return;
      }
      case 'deliver':
        return this.#deliver(happening.event, happening.fate);
      case 'flush':
        await Promise.all(Array.from(this.#waiting, () => this.#deliver(this.#random.integer(0, 1_000), 'once')));
        return;
      case 'end': {
        const running = [...this.executions].flatMap(([name, state]) => (state === 'running' ? [name] : []));
        const name = nth(running, happening.work);
        if (name !== undefined) await this.#end(name, happening.outcome);
        return;
      }
      case 'sweep':
        return this.#sweep(nth(sweeps, happening.target) ?? 'planBuild');
    }
  }

  async #deliver(event: number, fate: 'once' | 'twice' | 'lost'): Promise<void> {
    const place = this.#waiting.length === 0 ? -1 : event % this.#waiting.length;
    const [delivery] = place < 0 ? [] : this.#waiting.splice(place, 1);
    if (delivery === undefined || fate === 'lost') return;
    if (fate === 'twice') this.#waiting.push(delivery);
    // A function that was killed is called again.
    if (!(await outlive(delivery()))) this.#waiting.push(delivery);
  }

  /** What the last functions of an execution do. */
  async #end(name: string, outcome: Outcome): Promise<void> {
    this.executions.set(name, outcome);
    const failure = { code: 'script.failed', reason: `${name} failed`, logTail: [] };
    if (outcome === 'failed') await markFailure(this.#sound.table, name, failure);
    const cancelled = (await findBuild(this.table, name))?.value.cancelRequestedAt !== undefined;
    await endBuild(
      this.#sound,
      name,
      outcome === 'failed' && cancelled ? 'cancelled' : outcome,
      outcome === 'failed' ? failure : undefined,
    );
    this.#settles(name, 'SUCCEEDED');
  }

  async #sweep(target: Handled): Promise<void> {
    await outlive(eventHandlers[target](this.#ports, scheduleEnvelope('evt', new Date(this.#now))));
  }

  /** Lets everything come to its end. @throws Error where it does not */
  async settle(): Promise<BuildRecord[]> {
    for (let round = 0; round < 100; round += 1) {
      this.#now += 61_000;
      while (this.#waiting.length > 0) await this.#deliver(this.#random.integer(0, 1_000), 'once');
      for (const target of sweeps) await this.#sweep(target);
      const records = await this.records();
      if (records.every(({ state }) => isTerminal(state)) && this.#waiting.length === 0) return records;
      for (const [name, state] of this.executions) {
        if (state === 'running') await this.#end(name, this.#random.next() < 0.7 ? 'succeeded' : 'failed');
      }
    }
    throw new Error(`builds do not end: ${(await this.records()).map(({ id, state }) => `${id} ${state}`).join(', ')}`);
  }

  async records(): Promise<BuildRecord[]> {
    const found = await Promise.all(this.builds.map(({ id }) => findBuild(this.table, id)));
    return found.flatMap((build) => (build === undefined ? [] : [build.value]));
  }

  close(): void {
    this.#close();
  }
}

function isHandled(target: string): target is Handled {
  return handled.includes(target);
}

function nth<T>(all: readonly T[], number: number): T | undefined {
  return all.length === 0 ? undefined : all[number % all.length];
}

/** False where the function was killed; a refusal is an answer. */
async function outlive(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Killed) return false;
    if (!(error instanceof EngineError)) throw error;
  }
  return true;
}

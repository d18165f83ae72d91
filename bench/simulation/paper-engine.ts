import { openSqliteTable } from '../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../adapters/system/ids.ts';
import { createKeyVault } from '../../adapters/vault/key-vault.ts';
import type { BuildRecord } from '../../core/builds/build-record.ts';
import { findBuild } from '../../core/builds/build-repository.ts';
import { storePlan } from '../../core/builds/plan-store.ts';
import { submitBuild } from '../../core/builds/submit-build.ts';
import { type JsonValue, sha256 } from '../../core/digest.ts';
import { executionEnvelope, scheduleEnvelope } from '../../core/events/envelope.ts';
import { utf8 } from '../../core/json.ts';
import type { Ports } from '../../core/ports/ports.ts';
import type { Signer } from '../../core/ports/signer.ts';
import type { Table, TableWrite } from '../../core/ports/table.ts';
import type { WebhookSender } from '../../core/ports/webhook-sender.ts';
import type { Installation } from '../../core/tenancy/installation.ts';
import { executionRule, schedules } from '../../core/wiring/event-rules.ts';
import type { EventFunctionName } from '../../core/wiring/flow-functions.ts';
import { type LocalFlow, openLocalFlow } from '../../local/flow/local-flow.ts';
import type { RunTaskHandler } from '../../local/flow/run-task.ts';
import { eventHandlers, orchestrationHandlers } from '../../local/functions.ts';
import { startOutboxPump } from '../../local/outbox-pump.ts';
import { CallLife } from './call-life.ts';
import { CountingTable } from './counting-table.ts';
import { faultyTable, type Latency, slowTable, type TableFaults } from './faulty-table.ts';
import { FlowCosts, readBuildDefinition } from './flow-cost.ts';
import { FlowHistories } from './flow-histories.ts';
import type { StageGraph } from './graph-shapes.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { mortalPorts } from './mortal-ports.ts';
import { runPaperBuilder } from './paper-builder.ts';
import { type BusFaults, createPaperBus } from './paper-bus.ts';
import { PaperClock } from './paper-clock.ts';
import { paperArchive, paperSpec, unfusedPlan } from './paper-plan.ts';
import { PaperTasks, type TaskEnd } from './paper-tasks.ts';
import { mix, Random } from './random.ts';
import type { AttemptDraw } from './workload.ts';

export interface PaperEngineOptions {
  readonly seed: number;
  readonly limits: Pick<Installation, 'concurrentBuilds' | 'concurrentBuildsPerTenant' | 'stagesPerBuild'>;
  readonly tableFaults: TableFaults;
  readonly busFaults: BusFaults;
  /** What becomes of an attempt, and how long each of its steps takes in milliseconds. */
  readonly draw: (
    random: Random,
    attempt: number,
    task: { readonly buildId: string; readonly stageId: string },
  ) => {
    readonly draw: AttemptDraw;
    readonly stepMilliseconds: number;
    /** It hears neither the state machine nor its heartbeats. */
    readonly deaf?: boolean;
  };
  /** Told of each task that starts. */
  readonly onTask?: (buildId: string, stageId: string, attempt: number) => Promise<void>;
  /** Milliseconds until a task is listed. */
  readonly tasksListedAfter?: number;
  /** Told of each task that is over. */
  readonly onTaskEnd?: (
    task: { readonly buildId: string; readonly stageId: string; readonly attempt: number },
    end: TaskEnd,
  ) => void;
  /** Absent: nothing is evicted from the cache. */
  readonly cacheLimitBytes?: number;
  /** Who takes webhooks; absent: nobody has any. */
  readonly webhooks?: WebhookSender;
  /** Minutes from sweep to sweep of what the schedules call more seldom; absent: as they say. */
  readonly longestSweep?: number;
  /** Faults that fall on one call of a function, by its input, before it is left alone; absent: any number. */
  readonly mostFaults?: number;
  /** Nobody asks for DynamoDB's units: the table is not read to count them. */
  readonly uncounted?: true;
  /** How long calls of the table take; absent: no time, so that each function ends before another begins. */
  readonly latency?: Latency;
  /** Told of each error of a function that an event or a schedule called. */
  readonly onError?: (name: EventFunctionName, error: unknown) => void;
  /** Told of each transaction that was written. */
  readonly onWritten?: (writes: readonly TableWrite[]) => void;
}

/** The engine's own functions, flow and table in one process on paper time. */
export interface PaperEngine {
  readonly table: Table;
  readonly blobs: MemoryBlobs;
  readonly clock: PaperClock;
  readonly counting: CountingTable;
  readonly histories: FlowHistories;
  readonly flow: FlowCosts;
  readonly tasks: PaperTasks;
  /** The ports without faults, for what happens from outside while time stands still. */
  readonly ports: Ports;
  /** The same on a table that takes its time, for what happens while it passes. */
  readonly slowPorts: Ports;
  /** Sleeps on the engine's clock, until it is closed. */
  sleep(milliseconds: number): Promise<void>;
  submit(tenantId: string, name: string, graph: StageGraph): Promise<string>;
  /** Lets time pass until these builds have ended; answers them. @throws Error after so many milliseconds of paper time */
  finish(buildIds: readonly string[], within: number): Promise<BuildRecord[]>;
  /** Lets so many milliseconds of paper time pass. */
  pass(milliseconds: number): Promise<void>;
  /** From now on no faults fall on functions that are called. */
  calm(): void;
  close(): Promise<void>;
}

/** Where paper time begins: 1 January 2026. */
const origin = 1_767_225_600_000;
/** Milliseconds after which a caller has lost sight of a function, at the most. */
const longestWait = 3_000;
const toolchain = 'c'.repeat(64);
/** What it signs nobody checks, and a signature that differs each time would make a run differ from the same run. */
const paperSigner: Signer = {
  key: async () => ({ keyId: 'd'.repeat(64), publicKey: '' }),
  sign: async (bytes) => utf8(sha256(bytes)),
};
/** No spec of a run names a secret. */
const paperVault = createKeyVault(new Uint8Array(32));

export async function startPaperEngine(options: PaperEngineOptions): Promise<PaperEngine> {
  const { seed } = options;
  const clock = new PaperClock(origin);
  const random = new Random(mix(seed, 10));
  const ids = createIds(clock, (bytes) => random.bytes(bytes));
  const sqlite = openSqliteTable({ file: ':memory:', clock });
  const still: Table = {
    get: (key) => clock.during(() => sqlite.get(key)),
    query: (query) => clock.during(() => sqlite.query(query)),
    transact: async (writes) => {
      await clock.during(() => sqlite.transact(writes));
      options.onWritten?.(writes);
    },
  };
  const counting = new CountingTable(still);
  const faults = new Random(mix(seed, 11));
  const stopping = new AbortController();
  const sleep = (milliseconds: number): Promise<void> => clock.sleep(milliseconds, stopping.signal);
  const { latency } = options;
  const latencies = new Random(mix(seed, 13));
  const taking = (table: Table): Table => (latency === undefined ? table : slowTable(table, latency, latencies, sleep));
  const atOnce = (caller: string): Table => (options.uncounted === true ? still : counting.of(caller));
  const soundTable = (caller: string): Table => taking(atOnce(caller));
  const blobs = new MemoryBlobs(clock);
  const costs = new FlowCosts(readBuildDefinition());
  const histories = new FlowHistories(costs);
  const tasks = new PaperTasks(clock, options.tasksListedAfter, options.onTaskEnd);

  const failed = new Map<string, number>();
  let isCalm = false;
  const { unheard = 0 } = options.tableFaults;
  const { mostFaults = Number.POSITIVE_INFINITY } = options;
  /** Calls a function on the table that has faults, unless so many have fallen on this call already. */
  const call = async <T>(name: string, payload: unknown, handler: (ports: Ports) => Promise<T>): Promise<T> => {
    // A call that is made again is the same one.
    const identity = `${name} ${JSON.stringify(payload, (member, value) => (member === 'retry' ? undefined : value))}`;
    const count = failed.get(identity) ?? 0;
    try {
      if (isCalm || count >= mostFaults) return await handler({ ...ports, table: soundTable(name) });
      const life = new CallLife();
      const isLost = unheard > 0 && faults.next() < unheard;
      if (isLost) void sleep(faults.between(0, longestWait)).then(() => life.lose());
      // Dead before its time is over, a call of the table is none; and of one that was none hears nobody.
      const table = faultyTable(taking(life.bind(atOnce(name))), options.tableFaults, faults, life);
      return await life.run(() => handler(mortalPorts({ ...ports, table }, life)));
    } catch (error) {
      failed.set(identity, count + 1);
      throw error;
    }
  };
  const invoke = async (name: EventFunctionName, payload: unknown): Promise<void> => {
    try {
      await call(name, payload, (given) => eventHandlers[name](given, payload));
    } catch (error) {
      options.onError?.(name, error);
      throw error;
    }
  };
  const lambda = (name: string, payload: JsonValue): Promise<JsonValue> => {
    const handler = Object.entries(orchestrationHandlers).find(([known]) => known === name)?.[1];
    if (handler === undefined) throw new Error(`the flow names no function ${name}`);
    const [buildId, stageId] = [memberOf(payload, 'buildId'), memberOf(payload, 'stageId')];
    if (buildId === undefined || stageId === undefined) return call(name, payload, (given) => handler(given, payload));
    return histories.attempt(buildId, stageId, name, () => call(name, payload, (given) => handler(given, payload)));
  };
  const runTask: RunTaskHandler = (request, { taskId, signal }) =>
    histories.attempt(request.buildId, request.stageId, 'RunStage', async () => {
      const { deaf = false, ...task } = options.draw(random, request.attempt, request);
      return tasks.run(request, { taskId, signal, deaf }, async (heard) => {
        await options.onTask?.(request.buildId, request.stageId, request.attempt);
        const builder = { table: soundTable('exchange'), blobs, vault: paperVault, clock };
        return runPaperBuilder(builder, { ...task, manifestUrl: request.manifestUrl, signal: heard, deaf });
      });
    });
  const flow: LocalFlow = openLocalFlow({
    file: ':memory:',
    definition: readBuildDefinition().text,
    substitutions: {},
    lambda,
    runTask,
    clock,
    ids,
    onStatusChange: (change) => invoke(executionRule.target, executionEnvelope(change, ids.next('evt'), clock.now())),
  });
  const bus = createPaperBus({ invoke, clock, faults: options.busFaults, random: new Random(mix(seed, 12)) });
  const ports: Ports = {
    installation: {
      apiUrl: 'http://127.0.0.1',
      toolchain,
      mode: 'contained',
      architectures: ['amd64'],
      outputs: ['iso', 'tar'],
      cursorSecret: 's'.repeat(43),
      spot: true,
      warmsPresets: false,
      cacheLimitBytes: options.cacheLimitBytes ?? Number.MAX_SAFE_INTEGER,
      ...options.limits,
    },
    table: still,
    blobs,
    flow,
    tasks,
    bus,
    archive: { state: async () => paperArchive, extra: async () => [], places: () => paperArchive.suites },
    packages: { gone: async () => [] },
    signer: paperSigner,
    vault: paperVault,
    webhooks: options.webhooks ?? { send: () => Promise.reject(new Error('nothing is sent on paper')) },
    // Who waits in mid-work is not waited for when all ends.
    clock: { now: () => clock.now(), sleep: (time, signal = stopping.signal) => clock.sleep(time, signal) },
    ids,
  };
  const pump = await startOutboxPump({
    table: Object.assign({ ...soundTable('publishOutbox') }, { read: sqlite.read.bind(sqlite) }),
    bus,
    onCommit: (listener) => sqlite.onCommit(listener),
    trim: (position) => sqlite.trim(position),
    onError: (error) => options.onError?.('publishOutbox', error),
  });
  const sweep = async ({ everyMinutes, target }: (typeof schedules)[number]): Promise<void> => {
    for (;;) {
      await clock.sleep(Math.min(everyMinutes, options.longestSweep ?? everyMinutes) * 60_000, stopping.signal);
      if (stopping.signal.aborted) return;
      // What a killed sweep left undone is done by the next one.
      await invoke(target, scheduleEnvelope(ids.next('evt'), clock.now())).catch(() => undefined);
    }
  };
  const sweeps = schedules.map(sweep);

  return {
    table: still,
    blobs,
    clock,
    counting,
    histories,
    flow: costs,
    tasks,
    ports,
    slowPorts: { ...ports, table: taking(still) },
    sleep,
    submit: async (tenantId, name, graph) => {
      const spec = paperSpec(name, graph);
      const submission = { tenantId, keyId: ids.next('key'), spec };
      const { build } = await submitBuild({ table: counting.of('startBuild'), clock, ids }, submission);
      // A plan that is there stays: the build runs by this one.
      await storePlan(blobs, build.id, unfusedPlan(spec, toolchain));
      return build.id;
    },
    finish: async (buildIds, within) => {
      const ended: BuildRecord[] = [];
      const watch = async (): Promise<void> => {
        for (const buildId of buildIds) {
          let build = await findBuild(still, buildId);
          for (; build?.value.endedAt === undefined; build = await findBuild(still, buildId)) await clock.sleep(5_000);
          ended.push(build.value);
        }
      };
      const watched = watch();
      await clock.run(() => ended.length === buildIds.length, clock.elapsed + within);
      await watched;
      return ended;
    },
    pass: async (milliseconds) => {
      let passed = false;
      const until = clock.elapsed + milliseconds;
      const slept = clock.sleep(milliseconds).then(() => {
        passed = true;
      });
      await clock.run(() => passed, until);
      await slept;
    },
    calm: () => {
      isCalm = true;
    },
    close: async () => {
      stopping.abort();
      await Promise.all(sweeps);
      await flow.close();
      await pump.stop();
      sqlite.close();
    },
  };
}

function memberOf(payload: JsonValue, name: string): string | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const found = Object.entries(payload).find(([key]) => key === name)?.[1];
  return typeof found === 'string' ? found : undefined;
}

import { type PaperEngine, startPaperEngine } from '../../../bench/simulation/paper-engine.ts';
import { paperSpec } from '../../../bench/simulation/paper-plan.ts';
import { mix, Random } from '../../../bench/simulation/random.ts';
import type { AttemptDraw } from '../../../bench/simulation/workload.ts';
import { wholeTenant } from '../../../core/access/reach.ts';
import { setBudget } from '../../../core/billing/set-budget.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { isTerminal } from '../../../core/builds/lifecycle.ts';
import { listStages } from '../../../core/builds/stage-repository.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { EngineError } from '../../../core/errors.ts';
import { requestCancel } from '../../../core/sharing/cancel.ts';
import { newTenant } from '../../../core/tenancy/tenant.ts';
import { createEndpoint } from '../../../core/webhooks/change-endpoint.ts';
import { checkAll } from './checks.ts';
import { dueDeliveries } from './delivery-checks.ts';
import { unforeseen } from './foreseen-errors.ts';
import { Observer } from './observer.ts';
import { Receiver } from './receiver.ts';
import type { Drawn, Storm } from './state.ts';
import { drawWeather, type Happening, type Weather } from './weather.ts';

const minute = 60_000;
/** Paper time within which all builds must have ended, whatever goes wrong. */
const longest = 8 * 60 * minute;
/** Paper time in which what is late, lost, refused or to be tried again comes. */
const settling = 25 * minute;
/** Minutes from sweep to sweep at most. */
const longestSweep = 10;
/** Paper time in which each sweep comes once and meets no fault: any number of them in a row may have failed before. */
const calm = (longestSweep + 2) * minute;

export interface StormResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly builds: number;
  readonly tasks: number;
  readonly events: number;
  readonly requests: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Runs the engine's own functions through the weather of a seed, until all has come to rest, and checks what is left. */
export async function runStorm(seed: number): Promise<StormResult> {
  const weather = drawWeather(seed);
  const addresses = new Map<string, string>();
  const byAddress = new Map(weather.manners.map((manner, tenant) => [addressOf(tenant), manner]));
  let sleep = async (_: number): Promise<void> => undefined;
  const receiver = new Receiver(byAddress, (milliseconds) => sleep(milliseconds));
  const drawn: Drawn[] = [];
  let now = (): number => 0;
  const observer = new Observer(() => now());
  const engine = await startPaperEngine({
    ...{
      seed,
      tableFaults: weather.tableFaults,
      busFaults: weather.busFaults,
      latency: weather.latency,
      mostFaults: 3,
      longestSweep,
      uncounted: true,
    },
    limits: { concurrentBuilds: weather.concurrentBuilds, concurrentBuildsPerTenant: 2, stagesPerBuild: 3 },
    cacheLimitBytes: weather.cacheLimitBytes,
    webhooks: receiver,
    tasksListedAfter: minute,
    draw: (_, attempt, { buildId, stageId }) => {
      const number = Number.parseInt(stageId.replace(/\D/g, ''), 10) || 0;
      const order = [...new Set(drawn.map((one) => one.buildId)), buildId].indexOf(buildId);
      const { fate, ...task } = drawTask(weather, mix(order, number, attempt));
      drawn.push({ buildId, stageId, attempt, fate, deaf: task.deaf });
      return task;
    },
    onTask: async (buildId, stageId, attempt) => observer.began(buildId, stageId, attempt),
    onTaskEnd: ({ buildId, stageId, attempt }, end) => observer.ended(buildId, stageId, attempt, end),
    onError: (name, error) => {
      const told = unforeseen(name, error);
      if (told !== undefined) observer.violations.push(`no function fails for another reason: ${told}`);
    },
    onWritten: (writes) => observer.written(writes),
  });
  now = () => engine.clock.elapsed;
  sleep = engine.sleep;
  try {
    const tenants = await openTenants(engine, weather, addresses);
    const { builds: ids, asked, accepted } = await happen(engine, weather, tenants);
    const unended = await engine.finish(ids, longest).then(
      () => undefined,
      (error: unknown) => `builds do not end: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (unended !== undefined)
      return resultOf(seed, observer, receiver, [], [unended, ...(await unendedOf(engine, ids))]);
    await engine.pass(settling);
    engine.calm();
    await engine.pass(calm);
    await untilDelivered(engine, weather, tenants);
    const builds = await recordsOf(engine, ids);
    const known = { weather, engine, observer, receiver, tenants, addresses };
    const storm: Storm = { ...known, drawn, asked, accepted, builds };
    return resultOf(seed, observer, receiver, builds, [...observer.violations, ...(await checkAll(storm))]);
  } finally {
    await engine.close();
  }
}

const addressOf = (tenant: number): string => `https://receiver-${tenant}.example/hook`;

async function openTenants(engine: PaperEngine, weather: Weather, addresses: Map<string, string>): Promise<string[]> {
  const { ports } = engine;
  const tenants: string[] = [];
  for (const [number] of weather.manners.entries()) {
    const { record, write } = newTenant(ports.clock, ports.ids, { name: `tenant ${number}` });
    const { tenantId } = record;
    await ports.table.transact([write]);
    const url = addressOf(number);
    const actor = { tenantId, memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };
    await createEndpoint(
      { ...ports, privateHosts: [] },
      actor,
      { url, events: ['*'], description: '', enabled: true },
      () => [],
    );
    await setBudget(ports, actor, { tenantId }, { microDollars: 2_000, thresholds: [50], hardStop: false });
    tenants.push(tenantId);
    addresses.set(tenantId, url);
  }
  return tenants;
}

/** Where builds stand that do not end. */
async function unendedOf(engine: PaperEngine, ids: readonly string[]): Promise<string[]> {
  const builds = (await recordsOf(engine, ids)).filter(({ state }) => !isTerminal(state));
  return Promise.all(
    builds.map(async ({ id, state, sharesWith }) => {
      const stages = await listStages(engine.table, id);
      const told = stages.map(({ value, pending }) => `${value.id} ${value.state} ${value.attempt} needs ${pending}`);
      const share = sharesWith === undefined ? '' : ` with ${sharesWith}`;
      return `${id} is ${state}${share}: ${told.join(', ')}`;
    }),
  );
}

/**
 * Lets time pass until nothing is to be sent any more: who was killed at it tries again, later each time. What an endpoint
 * never answers well is tried for three days, which nobody waits for.
 */
async function untilDelivered(engine: PaperEngine, { manners }: Weather, tenants: readonly string[]): Promise<void> {
  const waitsFor = (tenantId: string): boolean => manners[tenants.indexOf(tenantId)] !== 'never answers well';
  for (let waits = 0; waits < 20; waits += 1) {
    const due = (await dueDeliveries(engine.table)).filter(({ tenantId }) => waitsFor(tenantId));
    if (due.length === 0) return;
    const first = Math.min(...due.map(({ dueAt = '' }) => Date.parse(dueAt)));
    await engine.pass(Math.max(0, first - engine.clock.now().getTime()) + 2 * minute);
  }
}

/** Does what somebody does from outside, each at its time. */
async function happen(engine: PaperEngine, weather: Weather, tenants: readonly string[]) {
  const builds: string[] = [];
  const [asked, accepted] = [new Set<string>(), new Set<string>()];
  let done = false;
  const one = async (happening: Happening): Promise<void> => {
    if (happening.kind === 'submit') {
      const { spec: number, force } = happening;
      const tenantId = tenants[happening.tenant] ?? '';
      const spec = paperSpec(`spec-${weather.seed}-${number}`, weather.graphs[number] ?? []);
      const run = force ? { force: true as const } : {};
      const { build } = await submitBuild(engine.slowPorts, { tenantId, keyId: 'key_1', spec, run });
      builds.push(build.id);
      return;
    }
    const id = builds[happening.build % Math.max(1, builds.length)];
    const build = id === undefined ? undefined : (await findBuild(engine.table, id))?.value;
    if (build === undefined) return;
    asked.add(build.id);
    try {
      await requestCancel(engine.slowPorts, wholeTenant(build.tenantId), build.id);
      accepted.add(build.id);
    } catch (error) {
      // It was over: an answer like any other.
      if (!(error instanceof EngineError && error.code === 'build.terminal')) throw error;
    }
  };
  // Whoever asks waits for nobody else who does.
  const script = Promise.all(
    weather.happenings.map(async (happening) => {
      await engine.clock.sleep(Math.max(0, happening.at - engine.clock.elapsed));
      await one(happening);
    }),
  ).finally(() => {
    done = true;
  });
  await engine.clock.run(() => done, longest);
  await script;
  return { builds, asked, accepted };
}

async function recordsOf(engine: PaperEngine, ids: readonly string[]): Promise<BuildRecord[]> {
  const found = await Promise.all(ids.map((id) => findBuild(engine.table, id)));
  return found.flatMap((build) => (build === undefined ? [] : [build.value]));
}

/** What becomes of an attempt: the same of the same stage, whenever it runs. */
function drawTask({ seed, attempts }: Weather, place: number) {
  const random = new Random(mix(seed, place, 3));
  const happens = (share: number): boolean => random.next() < share;
  const deaf = happens(attempts.deaf);
  // A deaf one goes on for long.
  const stepMilliseconds = deaf ? 16 * minute : random.between(2_000, 90_000);
  const draw = {
    startUp: random.between(5_000, 60_000),
    failsToStart: happens(attempts.failsToStart),
    // Within its first step, of which it has one at least.
    interruptedAfter: happens(attempts.interrupted) ? stepMilliseconds * random.next() : Number.POSITIVE_INFINITY,
    lostAfter: happens(attempts.lost) ? random.next() : undefined,
    stepFails: happens(attempts.stepFails),
  };
  return { draw, stepMilliseconds, deaf, fate: fateOf(draw) };
}

function fateOf(draw: AttemptDraw): Drawn['fate'] {
  if (draw.failsToStart) return 'infrastructure';
  if (draw.lostAfter !== undefined) return 'lost';
  if (Number.isFinite(draw.interruptedAfter)) return 'infrastructure';
  return draw.stepFails ? 'step' : 'sound';
}

function resultOf(
  seed: number,
  observer: Observer,
  receiver: Receiver,
  builds: readonly BuildRecord[],
  violations: readonly string[],
): StormResult {
  const outcomes: Record<string, number> = {};
  for (const { state, failure } of builds) {
    const name = failure === undefined || !isTerminal(state) ? state : `${state} ${failure.code}`;
    outcomes[name] = (outcomes[name] ?? 0) + 1;
  }
  return {
    ...{ seed, violations, outcomes, builds: builds.length },
    ...{ tasks: observer.tasks.length, events: observer.events.length, requests: receiver.received.length },
  };
}

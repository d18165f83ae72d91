import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createIds } from '../../../adapters/system/ids.ts';
import { Killed } from '../../../bench/simulation/call-life.ts';
import { faultyTable } from '../../../bench/simulation/faulty-table.ts';
import { Random } from '../../../bench/simulation/random.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { listBuilds } from '../../../core/builds/build-repository.ts';
import { isTerminal } from '../../../core/builds/lifecycle.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import { EngineError } from '../../../core/errors.ts';
import { ConditionFailed, type Table } from '../../../core/ports/table.ts';
import { reservePlanned } from '../../../core/quota/gate.ts';
import { usedCounter } from '../../../core/quota/lease.ts';
import { countOf, leasePlace, ownerOfTeam, ownersOf } from '../../../core/quota/places.ts';
import { settleLeases } from '../../../core/quota/settlement.ts';
import { sweepQuotas } from '../../../core/quota/sweep.ts';
import type { QuotaLimits } from '../../../core/quota/tiers.ts';
import { openQuotaWorld, type QuotaWorld } from './quota-world.ts';

const teamId = 'tem_1';

const script = fc.record({
  ofTeam: fc.boolean(),
  planned: fc.record({
    buildMinutesPerMonth: fc.integer({ min: 0, max: 5 }),
    images: fc.constantFrom(0 as const, 1 as const),
    storedBytes: fc.integer({ min: 0, max: 5 }),
  }),
  /** Share of what was planned that it uses. */
  uses: fc.constantFrom(0, 0.5, 1),
  outcome: fc.constantFrom('succeeded', 'failed', 'broken', 'cancelled', 'unplanned', 'live'),
  gates: fc.integer({ min: 1, max: 2 }),
  /** How often its last event comes; none: it is lost. */
  events: fc.integer({ min: 0, max: 3 }),
});
type Script = typeof script extends fc.Arbitrary<infer T> ? T : never;

const limits = fc.record({
  buildsPerDay: fc.integer({ min: 1, max: 6 }),
  failedBuildsPerDay: fc.integer({ min: 1, max: 4 }),
  buildMinutesPerMonth: fc.integer({ min: 1, max: 12 }),
  images: fc.integer({ min: 1, max: 4 }),
  storedBytes: fc.integer({ min: 1, max: 12 }),
});

const setup = fc.record({
  builds: fc.array(script, { minLength: 1, maxLength: 6 }),
  ofTenant: limits,
  ofTeam: limits,
  sweeps: fc.integer({ min: 0, max: 2 }),
  seed: fc.integer(),
});

/** A table of which every answer comes when the scheduler says so, and whose counters may pass no limit. */
function watched(world: QuotaWorld, limitsOf: ReadonlyMap<string, QuotaLimits>, scheduler: fc.Scheduler): Table {
  const checked = async (writes: Parameters<Table['transact']>[0]): Promise<void> => {
    await world.table.transact(writes);
    for (const write of writes) {
      const of = countOf(write.key);
      // What fails is counted when it has failed: nobody is asked whether it may.
      if (of === undefined || write.kind !== 'increment' || write.by < 0 || of.quota === 'failedBuildsPerDay') continue;
      const owner = write.key.partition.slice('QUOTA#'.length);
      const most = Object.entries(limitsOf.get(owner) ?? {}).find(([quota]) => quota === of.quota)?.[1];
      const used = (await world.table.get(write.key))?.counters[usedCounter] ?? 0;
      expect(used, `${owner} ${of.quota}`).toBeLessThanOrEqual(most ?? Number.POSITIVE_INFINITY);
    }
  };
  return {
    get: late(scheduler, (key) => world.table.get(key)),
    query: late(scheduler, (query) => world.table.query(query)),
    transact: late(scheduler, checked),
  };
}

/** A function whose answer, or failure, comes when the scheduler says so. */
function late<Given, Answer>(scheduler: fc.Scheduler, work: (given: Given) => Promise<Answer>) {
  return async (given: Given): Promise<Answer> => {
    const asked = work(given).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const came = await scheduler.schedule(asked);
    if ('error' in came) throw came.error;
    return came.value;
  };
}

/** Runs what may be killed; what it was refused. */
async function tolerant(work: () => Promise<unknown>): Promise<EngineError | undefined> {
  try {
    await work();
  } catch (error) {
    if (error instanceof EngineError) return error;
    if (!(error instanceof Killed || error instanceof ConditionFailed)) throw error;
  }
  return undefined;
}

it('counters are the sum of the leases of what there is, and pass no limit, whatever comes twice, late, never or is killed (property)', async () => {
  const seen = { admitted: 0, refused: 0, unplanned: 0 };
  await fc.assert(
    fc.asyncProperty(setup, fc.scheduler(), async ({ builds, ofTenant, ofTeam, sweeps, seed }, scheduler) => {
      const world = await openQuotaWorld();
      const limitsOf = new Map<string, QuotaLimits>([
        [world.tenantId, ofTenant],
        [ownerOfTeam(world.tenantId, teamId), ofTeam],
      ]);
      for (const [owner, limits] of limitsOf) await world.limit(owner, limits);
      const faulty = faultyTable(watched(world, limitsOf, scheduler), { conflict: 0.1, kill: 0.1 }, new Random(seed));
      const ids = createIds(world.clock);
      const ports = { table: faulty, clock: world.clock, ids };
      const planned = new Map<string, Script>();

      const live = async (one: Script): Promise<void> => {
        let build: BuildRecord | undefined;
        const refused = await tolerant(async () => {
          build = await world.submit(faulty, one.ofTeam ? { teamId } : {});
        });
        if (refused !== undefined) seen.refused += 1;
        if (build === undefined) return;
        const { id } = build;
        planned.set(id, one);
        seen.admitted += 1;
        const end = async (state: 'succeeded' | 'failed' | 'cancelled', code?: string): Promise<void> => {
          const failure = code === undefined ? undefined : { code, reason: 'so', logTail: [] };
          await endBuild({ table: world.table, clock: world.clock, ids }, id, state, failure);
          const events = Array.from({ length: one.events }, () => tolerant(() => settleLeases(faulty, id)));
          await Promise.all(events);
        };
        if (one.outcome === 'unplanned') return end('cancelled');
        const submitted = build;
        const gate = () => tolerant(() => reservePlanned(ports, submitted, one.planned));
        const [over] = (await Promise.all(Array.from({ length: one.gates }, gate))).filter(
          (error) => error !== undefined,
        );
        // What two gates say of one build may differ only where one of them was killed: then the event comes again.
        const lease = await world.table.get(leasePlace(world.tenantId, id));
        if (over !== undefined && lease?.data.state === 'admitted') {
          seen.unplanned += 1;
          return end('failed', 'quota.exceeded');
        }
        if (lease?.data.state === 'admitted' || one.outcome === 'live') return;
        await world.run(build, {
          minutes: Math.floor(one.planned.buildMinutesPerMonth * one.uses),
          bytes: one.planned.images === 0 ? 0 : Math.floor(one.planned.storedBytes * one.uses),
        });
        if (one.outcome === 'failed') return end('failed', 'script.failed');
        if (one.outcome === 'broken') return end('failed', 'builder.infrastructure');
        return end(one.outcome);
      };
      const work = builds.map(live);
      for (let time = 0; time < sweeps; time += 1) work.push(tolerant(() => sweepQuotas(ports)).then(() => undefined));
      const all = Promise.all(work);
      await scheduler.waitFor(all);

      // The next lap of the sweeper is due, and it is the same day.
      world.now += 7 * 3_600_000;
      await sweepQuotas({ table: world.table, clock: world.clock });
      const { builds: there } = await listBuilds(world.table, world.tenantId, { limit: 100 });
      const reserved = new Set<string>();
      for (const { id, state } of there) {
        const lease = await world.table.get(leasePlace(world.tenantId, id));
        // One that holds nothing is removed.
        if (isTerminal(state)) expect([undefined, 'settled']).toContain(lease?.data.state);
        else if (lease?.data.state === 'planned') reserved.add(id);
      }
      for (const owner of limitsOf.keys()) {
        const own = there.filter((build) => ownersOf(build).includes(owner));
        const counted = await world.counted(owner);
        expect(counted).toEqual(await world.leased(owner));
        expect(counted).toEqual(expectedUse(own, planned, reserved));
      }
      // Another sweep finds nothing to do.
      expect(await sweepQuotas({ table: world.table, clock: world.clock })).toEqual({
        settled: 0,
        mended: 0,
        removed: 0,
      });
    }),
    { numRuns: 1_000 },
  );
  // It has gone all ways, else it shows nothing.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
}, 300_000);

/**
 * What a list of builds uses, told by what became of them and not by leases.
 * @param reserved those whose gate was passed
 */
function expectedUse(
  builds: readonly BuildRecord[],
  scripts: ReadonlyMap<string, Script>,
  reserved: ReadonlySet<string>,
): Record<string, number> {
  const use: Record<string, number> = {};
  const add = (key: string, by: number): void => {
    if (by > 0) use[key] = (use[key] ?? 0) + by;
  };
  for (const build of builds) {
    const script = scripts.get(build.id);
    const ran = build.startedAt !== undefined;
    if (build.state !== 'failed') add('buildsPerDay#2026-11-26', 1);
    else if (build.failure?.code !== 'builder.infrastructure') add('failedBuildsPerDay#2026-11-26', 1);
    if (script === undefined) continue;
    const { buildMinutesPerMonth: minutes, images, storedBytes: bytes } = script.planned;
    if (ran) {
      const stored = images === 0 ? 0 : Math.floor(bytes * script.uses);
      add('buildMinutesPerMonth#2026-11-26', Math.floor(minutes * script.uses));
      add('images#all', stored > 0 ? 1 : 0);
      add('storedBytes#all', stored);
    } else if (!isTerminal(build.state) && reserved.has(build.id)) {
      add('buildMinutesPerMonth#2026-11-26', minutes);
      add('images#all', images);
      add('storedBytes#all', bytes);
    }
  }
  return Object.fromEntries(Object.entries(use).sort());
}

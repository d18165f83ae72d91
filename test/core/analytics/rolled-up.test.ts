import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { daysBetween, figuresOf, readAnalytics } from '../../../core/analytics/read-analytics.ts';
import { emptyRollup, mergeRollups, rollupOf } from '../../../core/analytics/rollup.ts';
import { factOf } from '../../../core/analytics/take-facts.ts';
import { endAttemptWrites } from '../../../core/billing/attempt-usage.ts';
import { buildCost } from '../../../core/billing/build-cost.ts';
import { attemptUsagePlace } from '../../../core/billing/places.ts';
import { listPrices } from '../../../core/billing/rate-card.ts';
import { usageWrites } from '../../../core/billing/usage-record.ts';
import type { AttemptRecord, BuildRecord } from '../../../core/builds/build-record.ts';
import { buildWrite } from '../../../core/builds/build-repository.ts';
import { attemptWrite } from '../../../core/builds/stage-repository.ts';
import { eventEnvelope } from '../../../core/events/envelope.ts';
import type { Table, TableWrite } from '../../../core/ports/table.ts';
import { handle } from '../../../functions/events/roll-up-analytics/roll-up-analytics.ts';
import { ManualClock } from '../../contract/blobs/manual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'lbuild-analytics-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const clock = createSystemClock();
let table: SqliteTable;
let opened = 0;
beforeEach(() => {
  opened += 1;
  table = openSqliteTable({ file: join(folder, `${opened}.db`), clock });
  return () => table.close();
});

const tick = { source: 'aws.events', 'detail-type': 'Scheduled Event' };
const told = (build: BuildRecord) =>
  eventEnvelope({
    ...{ id: `evt_${build.id}`, type: 'build.succeeded', version: 1, tenantId: build.tenantId },
    ...{ at: build.endedAt ?? build.submittedAt, detail: { buildId: build.id } },
  });

const start = Date.parse('2026-10-30T00:00:00Z');
const ended = fc.record({
  tenant: fc.constantFrom('ten_1', 'ten_2'),
  state: fc.constantFrom('succeeded', 'failed', 'cancelled', 'rejected'),
  submitted: fc.integer({ min: 0, max: 4 * 86_400_000 }),
  planned: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
  started: fc.option(fc.integer({ min: 0, max: 900_000 }), { nil: undefined }),
  ran: fc.integer({ min: 0, max: 3_600_000 }),
  code: fc.constantFrom('step.failed', 'archive.unreachable', 'builder.lost'),
  team: fc.option(fc.constantFrom('team_a', 'team_b'), { nil: undefined }),
  template: fc.option(fc.constantFrom('tpl_1', 'tpl_2', 'tpl_3'), { nil: undefined }),
  release: fc.constantFrom('trixie', 'bookworm'),
  vcpuHours: fc.nat(5),
});
type Ended = typeof ended extends fc.Arbitrary<infer T> ? T : never;

/** A build like others, to be changed. */
const leaver: Ended = {
  ...{ tenant: 'ten_1', state: 'succeeded', submitted: 0, planned: 1_000, started: 1_000, ran: 60_000 },
  ...{ code: 'builder.lost', team: undefined, template: undefined, release: 'trixie', vcpuHours: 0 },
};

function buildOf(made: Ended, number: number): BuildRecord {
  const at = (milliseconds: number) => new Date(start + milliseconds).toISOString();
  const planned = made.submitted + (made.planned ?? 0);
  const started = made.planned === undefined || made.started === undefined ? undefined : planned + made.started;
  return {
    ...{ id: `bld_${String(number).padStart(6, '0')}`, tenantId: made.tenant, keyId: 'k', name: 'edge' },
    ...{ state: made.state as BuildRecord['state'], specDigest: '0'.repeat(64), submittedAt: at(made.submitted) },
    base: { distribution: 'debian', release: made.release, architecture: 'amd64' },
    ...(made.planned === undefined ? {} : { plannedAt: at(planned) }),
    ...(started === undefined ? {} : { startedAt: at(started) }),
    endedAt: at((started ?? planned) + made.ran),
    ...(made.team === undefined ? {} : { teamId: made.team }),
    ...(made.template === undefined ? {} : { template: { id: made.template, version: 1 } }),
    ...(made.state === 'failed' ? { failure: { code: made.code, reason: 'r', logTail: [] } } : {}),
  };
}

it('count a build whose owner left the work that others share on the day that it left, once its work is over', async () => {
  const ports = { table, clock: new ManualClock(new Date('2026-10-31T00:01:00Z')) };
  const [left] = [buildOf({ ...leaver }, 1)];
  const { endedAt: _, ...going } = left;
  const withdrawn: BuildRecord = { ...going, state: 'running', withdrawnAt: '2026-10-31T00:00:00.000Z' };
  await table.transact([buildWrite(withdrawn, 'absent')]);
  await handle(ports, told(withdrawn));
  expect(await handle(ports, tick)).toEqual({ taken: 0, folded: 0 });
  // Its work ends later, well or not; it costs its owner until then.
  const over: BuildRecord = {
    ...{ ...withdrawn, state: 'cancelled', outcome: 'succeeded', endedAt: '2026-11-01T00:00:00.000Z' },
  };
  await table.transact([buildWrite(over, 1), ...used(over, 2)]);
  expect(await handle(ports, tick)).toEqual({ taken: 1, folded: 1 });
  await handle(ports, told(withdrawn));
  expect(await handle(ports, tick)).toEqual({ taken: 0, folded: 0 });
  const { all, groups } = await readAnalytics(table, 'ten_1', {
    days: daysBetween('2026-10-29', '2026-11-03'),
    groupBy: 'day',
  });
  expect([all.builds, all.outcomes.cancelled, all.cacheHitRate]).toEqual([1, 1, null]);
  expect(all.microDollars).toBe(2 * (listPrices.prices['builder.vcpu'] ?? 0));
  expect(groups.map(({ group }) => group)).toEqual(['2026-10-31']);
});

/** That a builder of a build used so much. */
function used(build: BuildRecord, vcpuHours: number): TableWrite[] {
  const key = attemptUsagePlace(build.id, 'base', 1, '2026-10-30');
  const facts = { tenantId: build.tenantId, payer: 'tenant' as const, day: '2026-10-30', buildId: build.id };
  const quantities = { 'builder.vcpu': vcpuHours * 3_600_000 };
  const record = { ...facts, ...{ stage: 'base', attempt: 1, recordedAt: build.submittedAt, quantities } };
  return vcpuHours === 0 ? [] : usageWrites(key, record);
}

/** What the builds themselves say, recounted; what each cost is what so many hours cost. */
function recount(
  { builds, made }: { readonly builds: readonly BuildRecord[]; readonly made: readonly Ended[] },
  tenantId: string,
  group: (build: BuildRecord) => string | undefined,
) {
  const hourPrice = listPrices.prices['builder.vcpu'] ?? 0;
  const groups = new Map<string, ReturnType<typeof rollupOf>>();
  for (const [at, build] of builds.entries()) {
    const microDollars = (made[at]?.vcpuHours ?? 0) * hourPrice;
    const fact = factOf(build, { cacheHits: 0, cacheMisses: 0, microDollars });
    const name = group(build);
    if (build.tenantId !== tenantId || fact === undefined || name === undefined) continue;
    groups.set(name, mergeRollups(groups.get(name) ?? emptyRollup, rollupOf(fact)));
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sum]) => ({ group: name, figures: figuresOf(sum) }));
}

/** A table of which some transactions fail after they are written, as where the caller is killed and called again. */
function killing(inner: Table, kills: readonly boolean[]): Table {
  let at = 0;
  return {
    get: (key) => inner.get(key),
    query: (query) => inner.query(query),
    async transact(writes) {
      await inner.transact(writes);
      at += 1;
      if (kills[at - 1] === true) throw new Error('killed');
    },
  };
}

describe('rollups', () => {
  it('are what a recount says, whatever is told twice, in whatever order, and wherever a run is killed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(ended, { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.array(fc.boolean(), { maxLength: 60 }),
        async (made, again, kills) => {
          opened += 1;
          const inner = openSqliteTable({ file: join(folder, `${opened}.db`), clock });
          const ports = { table: killing(inner, kills), clock };
          const builds = made.map(buildOf);
          for (const [at, build] of builds.entries()) {
            await inner.transact([buildWrite(build, 'absent'), ...used(build, made[at]?.vcpuHours ?? 0)]);
          }
          const all = { builds, made };
          const calls = [...builds, ...again.map((n) => builds[n % builds.length] as BuildRecord)];
          // The later of two tellings may come first, and folds between them.
          for (const [number, build] of calls.entries()) {
            await untilDone(() => handle(ports, told(build)));
            if (number % 7 === 0) await untilDone(() => handle(ports, tick));
          }
          await untilDone(() => handle(ports, tick));
          for (const tenantId of ['ten_1', 'ten_2']) {
            const days = daysBetween('2026-10-25', '2026-11-10');
            const by = (groupBy: Parameters<typeof readAnalytics>[2]['groupBy']) =>
              readAnalytics(inner, tenantId, { days, groupBy });
            expect((await by('day')).groups).toEqual(recount(all, tenantId, ({ endedAt }) => endedAt?.slice(0, 10)));
            expect((await by('team')).groups).toEqual(recount(all, tenantId, ({ teamId }) => teamId));
            expect((await by('template')).groups).toEqual(recount(all, tenantId, ({ template }) => template?.id));
            const found = await by('distribution');
            expect(found.groups).toEqual(recount(all, tenantId, ({ base }) => `debian/${base?.release}`));
            expect(found.all.builds).toBe(builds.filter((build) => build.tenantId === tenantId).length);
          }
          inner.close();
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  it('leave out what is for nobody, and what has not ended', async () => {
    const [done] = [buildOf({ ...sample, submitted: 0 }, 1)];
    const { endedAt: _, ...running } = { ...buildOf({ ...sample, submitted: 0 }, 2), state: 'running' as const };
    const warm: BuildRecord = { ...buildOf({ ...sample, submitted: 0 }, 3), purpose: 'warm' };
    for (const build of [done, running, warm]) await table.transact([buildWrite(build, 'absent')]);
    const taken = [];
    for (const build of [done, running, warm, { ...done, id: 'bld_none' }]) {
      taken.push(await handle({ table, clock }, told(build)));
    }
    expect(taken).toEqual([{ taken: 1 }, { taken: 0 }, { taken: 0 }, { taken: 0 }]);
    expect(await handle({ table, clock }, tick)).toEqual({ taken: 0, folded: 1 });
    expect(await handle({ table, clock }, tick)).toEqual({ taken: 0, folded: 0 });
  });

  it.each(['ends', 'stays'])(
    'count a build whose builder runs on when that has ended, or a day later: it %s',
    async (what) => {
      const time = new ManualClock(new Date(start + 120_000));
      const ports = { table, clock: time };
      const build = buildOf({ ...sample, state: 'cancelled' }, 1);
      const [stage, at] = ['base', new Date(start).toISOString()];
      const live: AttemptRecord = {
        ...{ stage, attempt: 1, state: 'live', preparedAt: at, timeoutSeconds: 600 },
        ...{ ticketHash: '0'.repeat(64), trust: 'tenant', steps: [], blobs: {} },
        ...{ size: { vcpu: 2, memoryMiB: 4_096, diskGiB: 21 } },
      };
      await table.transact([buildWrite(build, 'absent'), attemptWrite(build.id, live, 'absent')]);
      expect(await handle(ports, told(build))).toEqual({ taken: 0 });
      expect(await handle(ports, tick)).toEqual({ taken: 0, folded: 0 });
      if (what === 'ends') {
        const end = { endedAt: time.now().toISOString(), ending: 'stopped' as const };
        await table.transact(endAttemptWrites(build, { value: live, version: 1 }, end));
      } else {
        time.advance(86_400_000);
      }
      expect(await handle(ports, tick)).toEqual({ taken: 1, folded: 1 });
      expect(await handle(ports, told(build))).toEqual({ taken: 0 });
      expect(await handle(ports, tick)).toEqual({ taken: 0, folded: 0 });
      const days = daysBetween('2026-10-29', '2026-11-03');
      const { all } = await readAnalytics(table, 'ten_1', { days, groupBy: 'day' });
      const { microDollars } = await buildCost(table, build, { versions: [] });
      expect([all.outcomes.cancelled, all.microDollars]).toEqual([1, microDollars]);
      expect(microDollars > 0).toBe(what === 'ends');
    },
  );
});

const sample: Ended = {
  ...{ tenant: 'ten_1', state: 'succeeded', submitted: 0, planned: 1_000, started: 2_000, ran: 60_000 },
  ...{ code: 'step.failed', team: undefined, template: undefined, release: 'trixie', vcpuHours: 0 },
};

async function untilDone(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'killed') throw error;
    }
  }
}

describe('a span of days', () => {
  it('has both its ends, and is refused by its field where it is none or too long', () => {
    expect(daysBetween('2028-02-28', '2028-03-01')).toEqual(['2028-02-28', '2028-02-29', '2028-03-01']);
    expect(daysBetween('2026-01-01', '2026-12-31')).toHaveLength(365);
    for (const [from, to] of [
      ['2026-11-02', '2026-11-01'],
      ['2025-01-01', '2026-12-31'],
    ] as const) {
      expect(() => daysBetween(from, to)).toThrow(
        expect.objectContaining({ code: 'request.invalid', fields: [expect.objectContaining({ path: 'query.to' })] }),
      );
    }
  });
});

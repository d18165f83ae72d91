import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attemptUsage, type EndedAttempt, endAttemptWrites, payerOf } from '../../../core/billing/attempt-usage.ts';
import { createCallCounter } from '../../../core/billing/call-counter.ts';
import { dayAt, partsByDay } from '../../../core/billing/days.ts';
import { recordDownload } from '../../../core/billing/egress.ts';
import { daySums } from '../../../core/billing/sums.ts';
import type { UsageRecord } from '../../../core/billing/usage-record.ts';
import type { AttemptRecord, BuildRecord } from '../../../core/builds/build-record.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Table } from '../../../core/ports/table.ts';
import { type BillingWorld, openBillingWorld } from './billing-world.ts';

const size = { vcpu: 2, memoryMiB: 4_096, diskGiB: 30 };
const attempt = (from: string, to: string, rest: Partial<EndedAttempt> = {}): EndedAttempt => ({
  ...{ stage: 's1', attempt: 1, size, ending: 'reported', preparedAt: from, endedAt: to, ...rest },
});
const build = { id: 'bld_1', tenantId: 'ten_1' } as BuildRecord;

let world: BillingWorld;
beforeEach(async () => {
  world = await openBillingWorld();
});
afterEach(() => world.close());

/** Sums as they stand, by day, payer, kind and team. */
async function sums(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const sum of daySums(world.table, world.tenantId, { from: '2026-01-01', to: '2028-01-01' })) {
    const key = [sum.day, sum.payer, sum.kind, sum.teamId ?? ''].join(' ');
    found[key] = (found[key] ?? 0) + sum.quantity;
  }
  return found;
}

/** The same, added up of records. */
function recount(records: readonly UsageRecord[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { day, payer, teamId, quantities } of records) {
    for (const [kind, quantity] of Object.entries(quantities)) {
      const key = [day, payer, kind, teamId ?? ''].join(' ');
      found[key] = (found[key] ?? 0) + quantity;
    }
  }
  return found;
}

describe('an attempt', () => {
  it('uses what its builder has for as long as it ran, and disk beyond what each has', () => {
    const [record, ...more] = attemptUsage(build, attempt('2026-11-26T10:00:00.000Z', '2026-11-26T10:01:30.500Z'));
    expect(more).toEqual([]);
    expect(record).toMatchObject({ payer: 'tenant', day: '2026-11-26', buildId: 'bld_1', stage: 's1', attempt: 1 });
    expect(record?.quantities).toEqual({
      ...{ 'builder.time': 90_500, 'builder.vcpu': 181_000, 'builder.memory': 362_000 },
      ...{ 'builder.disk': 905_000, 'builder.attempts': 1 },
    });
  });

  it('is billed no longer than its bound and an hour, and fits into a transaction however late its end was seen', () => {
    const from = '2026-11-26T23:59:00.000Z';
    const time = (attempt: EndedAttempt) =>
      attemptUsage(build, attempt).reduce((sum, { quantities }) => sum + (quantities['builder.time'] ?? 0), 0);
    expect(time(attempt(from, '2026-12-20T00:00:00.000Z', { timeoutSeconds: 1_500 }))).toBe(1_500_000 + 3_600_000);
    // Of before bounds were kept: two days.
    expect(time(attempt(from, '2026-12-20T00:00:00.000Z'))).toBe(2 * 86_400_000);
    fc.assert(
      fc.property(
        fc.nat({ max: 86_400_000 }),
        fc.nat({ max: 400 * 86_400_000 }),
        fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
        (after, late, timeoutSeconds) => {
          const preparedAt = new Date(Date.parse('2026-11-26T00:00:00.000Z') + after).toISOString();
          const endedAt = new Date(Date.parse(preparedAt) + late).toISOString();
          const { ending: _, endedAt: __, ...live } = attempt(preparedAt, endedAt, { timeoutSeconds });
          const value = { ...live, state: 'live' } as AttemptRecord;
          const writes = endAttemptWrites(build, { value, version: 1 }, { endedAt, ending: 'stopped' });
          // Half is left for what the transaction does beside it.
          expect(writes.length).toBeLessThanOrEqual(50);
          expect(time({ ...live, endedAt, ending: 'stopped' })).toBeLessThanOrEqual(late);
        },
      ),
    );
  });

  it('that runs past midnight uses on both days what lies in each, and counts on the first', () => {
    const records = attemptUsage(build, attempt('2026-11-30T23:59:00.000Z', '2026-12-01T00:00:30.000Z'));
    expect(
      records.map(({ day, quantities }) => [day, quantities['builder.time'], quantities['builder.attempts']]),
    ).toEqual([
      ['2026-11-30', 60_000, 1],
      ['2026-12-01', 30_000, undefined],
    ]);
  });

  it.each([
    ['infrastructure', {}, 'service'],
    ['lost', {}, 'tenant'],
    ['timeout', {}, 'tenant'],
    ['stopped', {}, 'tenant'],
    ['reported', {}, 'tenant'],
    ['reported', { purpose: 'warm' }, 'service'],
    ['reported', { purpose: 'verify' }, 'tenant'],
  ] as const)('that ended as %s of a build %j is paid by the %s', (ending, of, payer) => {
    expect(payerOf(of, ending)).toBe(payer);
  });

  it('of before sizes were kept uses its time alone', () => {
    const [record] = attemptUsage(build, {
      ...attempt('2026-11-26T10:00:00.000Z', '2026-11-26T10:00:01.000Z'),
      size: undefined,
    });
    expect(record?.quantities).toEqual({ 'builder.time': 1_000, 'builder.attempts': 1 });
  });

  it('is cut at midnights into parts that are the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 10 * 86_400_000 }), (from, length) => {
        const parts = partsByDay(from, from + length);
        expect(parts[0]?.from).toBe(from);
        expect(parts.at(-1)?.to).toBe(from + length);
        for (const [position, part] of parts.entries()) {
          expect(part.from).toBe(position === 0 ? from : parts[position - 1]?.to);
          expect(dayAt(part.from)).toBe(part.day);
          if (part.to > part.from) expect(dayAt(part.to - 1)).toBe(part.day);
        }
      }),
    );
  });
});

describe('records', () => {
  const anAttempt = fc.record({
    build: fc.integer({ min: 1, max: 4 }),
    stage: fc.integer({ min: 1, max: 3 }),
    attempt: fc.integer({ min: 1, max: 3 }),
    team: fc.constantFrom(undefined, 'team_1', 'team_2'),
    from: fc.integer({ min: Date.parse('2026-11-20'), max: Date.parse('2026-11-25') }),
    length: fc.integer({ min: 0, max: 3 * 86_400_000 }),
    vcpu: fc.constantFrom(1, 2, 4),
    ending: fc.constantFrom('reported', 'lost', 'infrastructure', 'stopped', 'timeout'),
  });

  it('are what the sums say, in whatever order and however often they come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anAttempt, { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        async (all, order) => {
          world.close();
          world = await openBillingWorld();
          const told = all.map((one) => ({
            of: { id: `bld_${one.build}`, ...(one.team === undefined ? {} : { teamId: one.team }) },
            attempt: attempt(new Date(one.from).toISOString(), new Date(one.from + one.length).toISOString(), {
              ...{ stage: `s${one.stage}`, attempt: one.attempt, ending: one.ending },
              size: { ...size, vcpu: one.vcpu },
            }),
          }));
          // Each comes twice; the first that comes of an attempt is the one.
          const arrivals = [...told, ...told].map((entry) => ({ entry, key: order.next().value ?? 0 }));
          arrivals.sort((a, b) => a.key - b.key);
          const first = new Map<string, UsageRecord[]>();
          for (const { entry } of arrivals) {
            const name = `${entry.of.id} ${entry.attempt.stage} ${entry.attempt.attempt}`;
            const wrote = await world.use(entry.attempt, entry.of);
            // Two drawn attempts of one name may lie on days apart: the engine has one of each name only.
            if (!first.has(name)) expect(wrote).toBe(true);
            if (wrote)
              first.set(name, [
                ...(first.get(name) ?? []),
                ...attemptUsage({ ...build, ...entry.of, tenantId: world.tenantId }, entry.attempt),
              ]);
          }
          const records = await world.records();
          expect(recount(records)).toEqual(recount([...first.values()].flat()));
          expect(await sums()).toEqual(recount(records));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('calls', () => {
  it('are recorded in batches of twenty, or after ten minutes, each once', async () => {
    const counter = createCallCounter(world);
    for (let call = 0; call < 45; call += 1) await counter.count(world.tenantId);
    expect(await sums()).toEqual({ '2026-10-05 tenant api.calls ': 40 });
    expect(await world.records()).toHaveLength(2);
    world.now += 600_000;
    await counter.count(world.tenantId);
    expect(await sums()).toEqual({ '2026-10-05 tenant api.calls ': 46 });
  });

  it('count on the day on which they came', async () => {
    const counter = createCallCounter(world);
    world.now = Date.parse('2026-10-05T23:59:59Z');
    await counter.count(world.tenantId);
    world.now = Date.parse('2026-10-06T00:00:00Z');
    for (let call = 0; call < 20; call += 1) await counter.count(world.tenantId);
    expect(await sums()).toEqual({ '2026-10-05 tenant api.calls ': 1, '2026-10-06 tenant api.calls ': 20 });
  });

  it.each([
    ['was written, and its answer was lost', true],
    ['was not written', false],
  ])('of a batch that %s are recorded once, and no call fails', async (_, writes) => {
    let fails = true;
    const table: Table = {
      get: (key) => world.table.get(key),
      query: (query) => world.table.query(query),
      transact: async (all) => {
        if (!fails || writes) await world.table.transact(all);
        if (fails) throw new EngineError('service.unavailable', 'The table does not answer.');
      },
    };
    const counter = createCallCounter({ ...world, table });
    for (let call = 0; call < 20; call += 1) await counter.count(world.tenantId);
    fails = false;
    for (let call = 0; call < 20; call += 1) await counter.count(world.tenantId);
    expect(await sums()).toEqual({ '2026-10-05 tenant api.calls ': 40 });
  });

  it('that come at the same time are all counted', async () => {
    const counter = createCallCounter(world);
    await Promise.all(Array.from({ length: 400 }, () => counter.count(world.tenantId)));
    expect(await sums()).toEqual({ '2026-10-05 tenant api.calls ': 400 });
  });
});

describe('a download', () => {
  const download = (name: string, keyId = 'key_1') =>
    recordDownload(world, {
      build: { id: 'bld_1', tenantId: world.tenantId, teamId: 'team_1' },
      name,
      // Two KiB, the second of them begun.
      size: 1_025,
      keyId,
    });

  it('is of all bytes of its file, once an hour for each key', async () => {
    await download('a.iso');
    await download('a.iso');
    const key = '2026-10-05 tenant egress.authorised team_1';
    expect(await sums()).toEqual({ [key]: 2 });
    await download('a.iso', 'key_2');
    await download('b.iso');
    expect(await sums()).toEqual({ [key]: 6 });
    world.now += 3_600_000;
    await download('a.iso');
    expect(await sums()).toEqual({ [key]: 8 });
  });
});

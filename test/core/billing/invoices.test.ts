import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findInvoice, listInvoices, previewInvoice } from '../../../core/billing/billing-view.ts';
import { closeInvoices } from '../../../core/billing/close-invoices.ts';
import { type Invoice, readInvoice as parse } from '../../../core/billing/invoice.ts';
import { type UsageKind, usageKinds } from '../../../core/billing/kinds.ts';
import { openPeriods, periodFrom } from '../../../core/billing/periods.ts';
import { invoicePlace, rateCardPlace } from '../../../core/billing/places.ts';
import { listPrices, type RateVersion } from '../../../core/billing/rate-card.ts';
import type { UsageRecord } from '../../../core/billing/usage-record.ts';
import { toJsonObject } from '../../../core/json.ts';
import { settingPlace } from '../../../core/quota/places.ts';
import { type BillingWorld, exactCost, type Fraction, nearest, openBillingWorld, plus } from './billing-world.ts';

let world: BillingWorld;
beforeEach(async () => {
  world = await openBillingWorld();
});
afterEach(() => world.close());

const autumn: RateVersion = {
  ...{ from: '2026-10-01', name: 'autumn' },
  prices: { 'builder.vcpu': 45_001, 'builder.memory': 4_999, 'builder.disk': 117, 'egress.authorised': 90_001 },
};
const winter: RateVersion = {
  ...{ from: '2026-10-20', name: 'winter' },
  prices: { 'builder.vcpu': 51_007, 'builder.memory': 5_003, 'api.calls': 1_999, 'storage.artifacts': 23_003 },
};

const setCard = (versions: readonly RateVersion[]) =>
  world.table.transact([{ kind: 'put', key: rateCardPlace, data: toJsonObject({ versions }) }]);
const at = (time: string): void => {
  world.now = Date.parse(time);
};
const closedOf = async (id: string): Promise<Invoice> => {
  const record = await world.table.get(invoicePlace(world.tenantId, id));
  if (record === undefined) throw new Error('there is no such invoice');
  return parse(record);
};

/** What records of a month come to, line by line: added up unrounded, with no code of the engine's. */
function recount(records: readonly UsageRecord[], versions: readonly RateVersion[]): Map<string, bigint> {
  const sums = new Map<string, Fraction>();
  for (const { day, payer, quantities } of records) {
    if (payer === 'service') continue;
    let holds = listPrices;
    for (const version of versions) if (version.from <= day) holds = version;
    for (const kind of usageKinds) {
      const quantity = quantities[kind];
      if (quantity === undefined) continue;
      const key = `${holds.from} ${kind}`;
      const cost = exactCost(kind, quantity, holds.prices[kind] ?? 0);
      sums.set(key, plus(sums.get(key) ?? { numerator: 0n, denominator: 1n }, cost));
    }
  }
  return new Map([...sums].map(([key, sum]) => [key, nearest(sum)]));
}

const amounts = (lines: Invoice['lines']): Map<string, bigint> =>
  new Map(lines.map(({ rates, kind, microDollars }) => [`${rates} ${kind}`, BigInt(microDollars)]));

/** A builder that ran; its name is its stage. */
const ran = (stage: string, from: string, minutes: number, rest: object = {}) =>
  world.use({
    ...{ stage, attempt: 1, ending: 'reported', size: { vcpu: 2, memoryMiB: 4_096, diskGiB: 33 } },
    ...{
      preparedAt: new Date(from).toISOString(),
      endedAt: new Date(Date.parse(from) + minutes * 60_000).toISOString(),
    },
    ...rest,
  });

describe('the invoice of a month', () => {
  it('agrees with the rate card to the micro-dollar across a change of it in mid-month', async () => {
    await setCard([autumn, winter]);
    for (let run = 0; run < 120; run += 1) {
      // One in three hours, of 7 to 126 minutes: many run over midnight, some into the new prices.
      const begin = new Date(Date.parse('2026-10-05T00:00:00Z') + run * 5.9 * 3_600_000 + run * 1_237).toISOString();
      await ran(`s${run}`, begin, 7 + run, run % 7 === 0 ? { ending: 'infrastructure' } : {});
    }
    await world.record('download', '2026-10-19', { 'egress.authorised': 12_345_678_901 });
    await world.record('download', '2026-10-21', { 'egress.authorised': 12_345_678_901 });
    await world.record('calls', '2026-10-30', { 'api.calls': 1_234_567 });
    await world.record('stored', '2026-11-04', { 'storage.artifacts': 987_654_321 });
    at('2026-11-06T00:00:00Z');
    expect(await closeInvoices(world, world.tenantId)).toBe(1);
    const invoice = await closedOf('2026-10-05');
    expect(invoice).toMatchObject({ from: '2026-10-05', to: '2026-11-05', state: 'closed' });
    const within = (await world.records()).filter(({ day }) => day >= '2026-10-05' && day < '2026-11-05');
    const expected = recount(within, [autumn, winter]);
    expect(amounts(invoice.lines)).toEqual(expected);
    expect(BigInt(invoice.microDollars)).toBe([...expected.values()].reduce((sum, amount) => sum + amount, 0n));
    expect(invoice.microDollars).toBeGreaterThan(10_000_000);
    expect(new Set(invoice.lines.map(({ rates }) => rates))).toEqual(new Set(['2026-10-01', '2026-10-20']));
    expect(invoice.rates).toEqual([autumn, winter]);
    // What the winter card has no price for is on it, and costs nothing.
    expect(
      invoice.lines.find(({ rates, kind }) => rates === '2026-10-20' && kind === 'egress.authorised'),
    ).toMatchObject({
      ...{ quantity: 12_345_678_901, microDollars: 0 },
    });
    // What infrastructure took back is the service's cost.
    const carried = invoice.carried.find(({ kind }) => kind === 'builder.attempts');
    expect(carried?.quantity).toBe(18);
  });

  it('splits a builder that runs while the prices change by the time of its use', async () => {
    await setCard([autumn, winter]);
    await ran('s1', '2026-10-19T23:00:00Z', 90);
    at('2026-11-06T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    const { lines } = await closedOf('2026-10-05');
    const vcpu = lines.filter(({ kind }) => kind === 'builder.vcpu');
    // An hour of two processors at 45,001 each, and half an hour at 51,007.
    expect(vcpu.map(({ rates, microDollars }) => [rates, microDollars])).toEqual([
      ['2026-10-01', 90_002],
      ['2026-10-20', 51_007],
    ]);
  });

  it('rounds once a line, half to even, however many records there are', async () => {
    // 2.5 and 3.5 micro-dollars; each record alone is 0.25.
    await setCard([{ ...autumn, prices: { 'api.calls': 250, approvals: 1 } }]);
    for (let record = 0; record < 10; record += 1) await world.record(`a${record}`, '2026-10-06', { 'api.calls': 1 });
    expect((await previewAt('2026-10-07T00:00:00Z')).lines).toMatchObject([{ quantity: 10, microDollars: 2 }]);
    for (let record = 0; record < 4; record += 1) await world.record(`b${record}`, '2026-10-06', { 'api.calls': 1 });
    expect((await previewAt('2026-10-07T00:00:00Z')).lines).toMatchObject([{ quantity: 14, microDollars: 4 }]);
  });

  const previewAt = (time: string): Promise<Invoice> => {
    at(time);
    return previewInvoice(world, world.tenantId);
  };

  it('is closed once and a day after its month, however often and by how many that is tried', async () => {
    await ran('s1', '2026-10-07T10:00:00Z', 60);
    at('2026-11-05T23:59:59Z');
    expect(await closeInvoices(world, world.tenantId)).toBe(0);
    at('2026-11-06T00:00:00Z');
    const closed = await Promise.all(Array.from({ length: 5 }, () => closeInvoices(world, world.tenantId)));
    expect(closed.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(await closeInvoices(world, world.tenantId)).toBe(0);
    expect((await world.events()).filter(({ type }) => type === 'invoice.closed')).toEqual([
      { type: 'invoice.closed', detail: expect.objectContaining({ invoiceId: '2026-10-05' }) },
    ]);
  });

  it('never changes: what comes late is on the next one, at the prices of its own time', async () => {
    await setCard([autumn]);
    await ran('s1', '2026-10-07T10:00:00Z', 61);
    at('2026-11-06T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    const first = await closedOf('2026-10-05');
    // The operator sets other prices for the time to come; the builder of October was seen to end in November.
    await setCard([autumn, { ...winter, from: '2026-11-10' }]);
    await ran('s2', '2026-10-30T10:00:00Z', 17);
    await ran('s3', '2026-11-12T10:00:00Z', 5);
    at('2026-12-06T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    expect(await closedOf('2026-10-05')).toEqual(first);
    const second = await closedOf('2026-11-05');
    const late = second.adjustments.find(({ kind }) => kind === 'builder.vcpu');
    expect(late).toMatchObject({ period: '2026-10-05', rates: '2026-10-01', quantity: 2 * 17 * 60_000 });
    // Together they are what the month would have cost had all come in time.
    const october = (await world.records()).filter(({ day }) => day < '2026-11-05');
    const expected = recount(october, [autumn]);
    for (const [key, amount] of expected) {
      const [rates, kind] = key.split(' ');
      const billed = [...first.lines, ...second.adjustments].filter((one) => one.kind === kind && one.rates === rates);
      expect([key, billed.reduce((sum, { microDollars }) => sum + BigInt(microDollars), 0n)]).toEqual([key, amount]);
    }
    // And it is billed once: the third has nothing of it.
    at('2027-01-06T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    expect(await closedOf('2026-12-05')).toMatchObject({ lines: [], adjustments: [], microDollars: 0 });
  });

  it('keeps its prices when the operator sets a first card for the time before', async () => {
    await ran('s1', '2026-10-07T10:00:00Z', 61);
    at('2026-11-06T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    expect((await closedOf('2026-10-05')).rates).toEqual([listPrices]);
    await setCard([autumn]);
    at('2026-12-06T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    expect((await closedOf('2026-11-05')).adjustments).toEqual([]);
  });

  it('is the sum of its records and of no others: months of any use, closed and late', async () => {
    const aUse = fc.record({
      day: fc.integer({ min: 0, max: 91 }),
      kind: fc.constantFrom<UsageKind>(...usageKinds),
      quantity: fc.integer({ min: 1, max: 4_000_000_000 }),
      seen: fc.integer({ min: 0, max: 40 }),
    });
    const prices = fc.record(
      Object.fromEntries(usageKinds.map((kind) => [kind, fc.integer({ min: 0, max: 100_000 })])) as Record<
        UsageKind,
        fc.Arbitrary<number>
      >,
      { requiredKeys: [] },
    );
    const day = (number: number): string =>
      new Date(Date.parse('2026-10-05') + number * 86_400_000).toISOString().slice(0, 10);
    await fc.assert(
      fc.asyncProperty(
        fc.array(aUse, { minLength: 1, maxLength: 25 }),
        prices,
        prices,
        fc.integer({ min: 1, max: 60 }),
        async (uses, one, other, change) => {
          world.close();
          world = await openBillingWorld();
          const versions = [
            { from: day(0), name: 'one', prices: one },
            { from: day(change), name: 'other', prices: other },
          ];
          await setCard(versions);
          // Each is seen some days after its own, some of them after their month is closed; a sweep runs each day.
          for (let today = 0; today < 130; today += 1) {
            for (const [number, use] of uses.entries()) {
              if (use.day + use.seen === today)
                await world.record(`u${number}`, day(use.day), { [use.kind]: use.quantity });
            }
            if (today % 10 === 5) {
              at(`${day(today)}T12:00:00Z`);
              await closeInvoices(world, world.tenantId);
            }
          }
          at('2027-04-06T12:00:00Z');
          await closeInvoices(world, world.tenantId);
          const { invoices } = await listInvoices(world.table, world.tenantId, { limit: 100 });
          const byMonth = new Map<string, Map<string, bigint>>();
          const add = (month: string, key: string, amount: number) => {
            const lines = byMonth.get(month) ?? new Map<string, bigint>();
            lines.set(key, (lines.get(key) ?? 0n) + BigInt(amount));
            byMonth.set(month, lines);
          };
          for (const { id, lines, adjustments } of invoices) {
            for (const line of lines) add(id, `${line.rates} ${line.kind}`, line.microDollars);
            for (const line of adjustments) add(line.period, `${line.rates} ${line.kind}`, line.microDollars);
          }
          const records = await world.records();
          for (const { id, from, to } of invoices) {
            const expected = recount(
              records.filter((record) => record.day >= from && record.day < to),
              versions,
            );
            expect([id, byMonth.get(id) ?? new Map()]).toEqual([id, expected]);
          }
        },
      ),
      { numRuns: 15 },
    );
  }, 120_000);
});

describe('months', () => {
  it('lie end to end whatever becomes of the anchor', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 30 }), (anchors) => {
        let from = '2026-10-05';
        for (const anchor of anchors) {
          const period = periodFrom(from, anchor);
          expect(period.from).toBe(from);
          const days = (Date.parse(period.to) - Date.parse(from)) / 86_400_000;
          expect(days).toBeGreaterThan(0);
          expect(days).toBeLessThanOrEqual(31);
          from = period.to;
        }
      }),
    );
  });

  it('of a tenant that changes its anchor are each billed, and no day twice or never', async () => {
    const setAnchor = (anchorDay: number) =>
      world.table.transact([
        {
          ...{ kind: 'put', key: settingPlace(world.tenantId) },
          data: { overrides: {}, anchorDay, changedAt: '2026-11-20T00:00:00.000Z' },
        },
      ]);
    at('2026-11-20T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    await setAnchor(31);
    at('2027-03-10T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    const { invoices } = await listInvoices(world.table, world.tenantId, { limit: 100 });
    expect(invoices.map(({ from, to }) => [from, to]).reverse()).toEqual([
      ['2026-10-05', '2026-11-05'],
      ['2026-11-05', '2026-11-30'],
      ['2026-11-30', '2026-12-31'],
      ['2026-12-31', '2027-01-31'],
      ['2027-01-31', '2027-02-28'],
    ]);
  });

  it('are found by the calendar month that they begin in, or by their day', async () => {
    await ran('s1', '2026-10-07T10:00:00Z', 61);
    at('2026-11-20T00:00:00Z');
    await closeInvoices(world, world.tenantId);
    const found = async (month: string) => (await findInvoice(world, world.tenantId, month)).state;
    expect(await found('2026-10')).toBe('closed');
    expect(await found('2026-10-05')).toBe('closed');
    expect(await found('2026-11')).toBe('open');
    await expect(found('2026-12')).rejects.toMatchObject({ code: 'invoice.not_found' });
    await expect(found('2026-10-06')).rejects.toMatchObject({ code: 'invoice.not_found' });
  });

  it('that no invoice is of are listed up to the one that runs', () => {
    const periods = openPeriods(
      { anchorDay: 5, head: { next: '2026-10-05' }, version: 0 },
      new Date('2026-12-05T00:00:00Z'),
    );
    expect(periods.map(({ id }) => id)).toEqual(['2026-10-05', '2026-11-05', '2026-12-05']);
  });
});

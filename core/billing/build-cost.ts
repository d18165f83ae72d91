import { z } from 'zod';
import type { BuildRecord } from '../builds/build-record.ts';
import { listAttempts } from '../builds/stage-repository.ts';
import type { Table } from '../ports/table.ts';
import { payers, type UsageKind, usageKinds } from './kinds.ts';
import { currency, exactNumber } from './money.ts';
import { attemptUsagePlace } from './places.ts';
import { billLineSchema, createBill, quantityView, totalOf } from './pricing.ts';
import type { RateCard } from './rate-card.ts';
import { readUsage, type UsageRecord } from './usage-record.ts';

export const usageRecordViewSchema = z
  .strictObject({
    day: z.string(),
    kind: z.enum(usageKinds),
    quantity: z.number().int(),
    unit: z.string(),
    shown: z.number(),
    shownUnit: z.string(),
    payer: z.enum(payers).describe('service: the infrastructure took the builder back, or it was built ahead for all.'),
    teamId: z.string().exactOptional(),
    buildId: z.string().exactOptional(),
    stage: z.string().exactOptional(),
    attempt: z.number().int().exactOptional(),
    ending: z.string().exactOptional(),
    from: z.string().exactOptional(),
    to: z.string().exactOptional(),
    recordedAt: z.string(),
  })
  .meta({ id: 'UsageRecord' });
export type UsageRecordView = z.infer<typeof usageRecordViewSchema>;

/** A record as users see it, one entry a kind. */
export function recordViews({ tenantId: _, quantities, ...facts }: UsageRecord): UsageRecordView[] {
  return usageKinds.flatMap((kind) => {
    const quantity = quantities[kind];
    return quantity === undefined ? [] : [{ ...facts, kind, ...quantityView(kind, quantity) }];
  });
}

/** What the builders of a build cost. */
export const buildCostSchema = z
  .strictObject({
    buildId: z.string(),
    complete: z.boolean().describe('False: it runs, and will have cost more.'),
    sharesWith: z
      .string()
      .exactOptional()
      .describe('The build whose work it shares: that one is billed, and this one costs nothing.'),
    currency: z.literal(currency),
    lines: z.array(billLineSchema),
    microDollars: z.number().int().describe('Rounded by line, as if the build had an invoice of its own.'),
    records: z.array(usageRecordViewSchema).describe('What it is the sum of, and what the service itself pays for.'),
  })
  .meta({ id: 'BuildCost' });
export type BuildCost = z.infer<typeof buildCostSchema>;

/** Every record of what a build's own attempts used, in the order of stages and attempts. */
export async function buildUsage(table: Table, buildId: string): Promise<UsageRecord[]> {
  const { partition } = attemptUsagePlace(buildId, '', 0, '');
  const records: UsageRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.query({ partition, limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    records.push(...page.records.map(readUsage));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}

/** The lines of what a tenant pays of some records. */
export function billOfRecords(card: RateCard, records: Iterable<UsageRecord>) {
  const bill = createBill(card);
  for (const { payer, day, quantities } of records) {
    if (payer !== 'tenant') continue;
    for (const [kind, quantity] of Object.entries(quantities) as [UsageKind, number][])
      bill.add({ day, kind, quantity });
  }
  return bill.lines();
}

export async function buildCost(table: Table, build: BuildRecord, card: RateCard): Promise<BuildCost> {
  const [records, attempts] = await Promise.all([
    buildUsage(table, build.id),
    build.sharesWith === undefined ? listAttempts(table, build.id) : [],
  ]);
  const lines = billOfRecords(card, records);
  return {
    buildId: build.id,
    complete: build.endedAt !== undefined && attempts.every(({ value }) => value.state === 'ended'),
    ...(build.sharesWith === undefined ? {} : { sharesWith: build.sharesWith }),
    ...{ currency, lines, microDollars: totalOf(lines) },
    records: records.flatMap(recordViews),
  };
}

/** Quantities of records by kind, those that a tenant pays. */
export function quantitiesOf(records: Iterable<UsageRecord>): Map<UsageKind, number> {
  const sums = new Map<UsageKind, bigint>();
  for (const { payer, quantities } of records) {
    if (payer !== 'tenant') continue;
    for (const [kind, quantity] of Object.entries(quantities) as [UsageKind, number][]) {
      sums.set(kind, (sums.get(kind) ?? 0n) + BigInt(quantity));
    }
  }
  return new Map([...sums].map(([kind, quantity]) => [kind, exactNumber(quantity)]));
}

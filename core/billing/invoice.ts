import { z } from 'zod';
import type { Table, TableRecord } from '../ports/table.ts';
import { daySchema, startOf } from './days.ts';
import { type UsageKind, usageKindFacts } from './kinds.ts';
import { currency, exactNumber } from './money.ts';
import type { BillingPeriod } from './periods.ts';
import { invoicePlace } from './places.ts';
import { type BillLine, billLineSchema, createBill, quantityView, totalOf } from './pricing.ts';
import { type RateCard, rateVersionSchema, versionsWithin } from './rate-card.ts';
import { type DaySum, daySums } from './sums.ts';

const adjustmentSchema = billLineSchema
  .extend({
    period: daySchema.describe('The month that it belongs to, by its first day.'),
    microDollars: z
      .number()
      .int()
      .describe('What the whole line of that month comes to now, less what was billed of it.'),
  })
  .meta({ id: 'Adjustment' });
export type Adjustment = z.infer<typeof adjustmentSchema>;

const carriedSchema = z
  .strictObject({
    kind: billLineSchema.shape.kind,
    quantity: billLineSchema.shape.quantity,
    ...{ unit: z.string(), shown: z.number(), shownUnit: z.string() },
  })
  .meta({ id: 'CarriedUse' });

/** What a tenant has to pay for a month. */
export const invoiceSchema = z
  .strictObject({
    id: daySchema.describe('The first day of its month.'),
    from: daySchema,
    to: daySchema.describe('The first day that is not in it.'),
    state: z.enum(['open', 'closed']).describe('open: it grows; a closed one never changes.'),
    closedAt: z.iso.datetime().exactOptional(),
    currency: z.literal(currency),
    rates: z.array(rateVersionSchema).describe('The versions of the rate card that hold in its month.'),
    lines: z.array(billLineSchema),
    adjustments: z.array(adjustmentSchema).describe('What of earlier months became known after their invoices.'),
    carried: z.array(carriedSchema).describe('What the service itself paid for: interrupted builders and the like.'),
    microDollars: z.number().int().describe('All lines and adjustments together.'),
  })
  .meta({ id: 'Invoice' });
export type Invoice = z.infer<typeof invoiceSchema>;

export const readInvoice = (record: TableRecord): Invoice => invoiceSchema.parse(record.data);

/**
 * How many invoices back one looks for what became known late. An attempt ends within days, and so do its events: three
 * months are ample.
 */
const looksBack = 3;

/** The last invoices of a tenant that are closed, the newest first. */
export async function lastInvoices(table: Table, tenantId: string, before: string): Promise<Invoice[]> {
  const { partition } = invoicePlace(tenantId, '');
  const { records } = await table.query({ partition, descending: true, limit: looksBack + 1 });
  return records
    .map(readInvoice)
    .filter(({ id }) => id < before)
    .slice(0, looksBack);
}

/**
 * The invoice of a month as it would be now: the sums of its days priced line by line, and what of the invoices before
 * is known by now and was not billed.
 */
export async function draftInvoice(
  table: Table,
  tenantId: string,
  period: BillingPeriod,
  card: RateCard,
): Promise<Invoice> {
  const bill = createBill(card);
  const carried = new Map<UsageKind, bigint>();
  for await (const sum of daySums(table, tenantId, period)) {
    if (sum.payer === 'tenant') bill.add(sum);
    else carried.set(sum.kind, (carried.get(sum.kind) ?? 0n) + BigInt(sum.quantity));
  }
  const lines = bill.lines();
  const adjustments = await lateUse(table, tenantId, await lastInvoices(table, tenantId, period.id));
  return {
    ...{ id: period.id, from: period.from, to: period.to, state: 'open', currency },
    ...{ rates: versionsWithin(card, period), lines, adjustments },
    carried: [...carried].map(([kind, quantity]) => ({ kind, ...quantityView(kind, exactNumber(quantity)) })),
    microDollars: totalOf([...lines, ...adjustments]),
  };
}

/**
 * @param invoices the newest first; what the oldest of them left out before is in those after it. Each is priced by the
 * versions that it was made by, whatever the card says since.
 */
async function lateUse(table: Table, tenantId: string, invoices: readonly Invoice[]): Promise<Adjustment[]> {
  const late: Adjustment[] = [];
  for (const invoice of [...invoices].reverse()) {
    const bill = createBill({ versions: invoice.rates });
    for await (const sum of daySums(table, tenantId, invoice)) if (sum.payer === 'tenant') bill.add(sum);
    for (const line of bill.lines()) {
      const billed = [
        ...invoice.lines,
        ...invoices.flatMap(({ adjustments }) => adjustments.filter(({ period }) => period === invoice.id)),
      ].filter(({ kind, rates }) => kind === line.kind && rates === line.rates);
      const quantity = line.quantity - billed.reduce((sum, one) => sum + one.quantity, 0);
      if (quantity === 0) continue;
      late.push({
        ...line,
        ...quantityView(line.kind, quantity),
        period: invoice.id,
        microDollars: line.microDollars - totalOf(billed),
      });
    }
  }
  return late;
}

/** Sums of a tenant's own use of a span, those of one team where it is named. */
export async function* tenantUse(
  table: Table,
  tenantId: string,
  span: { readonly from: string; readonly to: string },
  teamId?: string,
): AsyncGenerator<DaySum> {
  for await (const sum of daySums(table, tenantId, span)) {
    if (sum.payer === 'tenant' && (teamId === undefined || sum.teamId === teamId)) yield sum;
  }
}

/** What a line is of, for people. */
export const whatOf = (line: Pick<BillLine, 'kind'>): string => usageKindFacts[line.kind].what;

/** Whether a month has ended so long ago that its invoice is closed: nearly all of what comes late has come. */
export function isDue(period: BillingPeriod, now: Date): boolean {
  return now.getTime() >= startOf(period.to) + closesAfter;
}

/** Milliseconds from the end of a month to the closing of its invoice. */
const closesAfter = 24 * 3_600_000;

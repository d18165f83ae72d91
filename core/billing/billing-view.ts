import { z } from 'zod';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import { listTenants } from '../tenancy/tenant.ts';
import { type AwsCost, awsCostOf, awsCostSchema } from './aws-cost.ts';
import { type BudgetOwner, budgetRecordSchema, findBudget, reachedBy, thresholdsOf } from './budget.ts';
import { budgetUse } from './budget-watch.ts';
import { daySchema, startOf } from './days.ts';
import { draftInvoice, type Invoice, invoiceSchema, readInvoice } from './invoice.ts';
import type { UsageKind } from './kinds.ts';
import { currency } from './money.ts';
import { openPeriods, readCalendar } from './periods.ts';
import { invoicePlace } from './places.ts';
import { createBill, totalOf } from './pricing.ts';
import type { RateCard } from './rate-card.ts';
import { readRateCard } from './rate-repository.ts';
import { noBudget } from './set-budget.ts';
import { daySums } from './sums.ts';

interface ViewPorts {
  readonly table: Table;
  readonly clock: Clock;
}

export const invoiceSummarySchema = invoiceSchema
  .pick({ id: true, from: true, to: true, state: true, closedAt: true, currency: true, microDollars: true })
  .meta({ id: 'InvoiceSummary' });
export type InvoiceSummary = z.infer<typeof invoiceSummarySchema>;

export const summaryOf = ({ id, from, to, state, closedAt, microDollars }: Invoice): InvoiceSummary => ({
  ...{ id, from, to, state, currency, microDollars },
  ...(closedAt === undefined ? {} : { closedAt }),
});

/** A page of a tenant's closed invoices, newest first. */
export async function listInvoices(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly invoices: readonly Invoice[]; readonly cursor?: string }> {
  const { partition } = invoicePlace(tenantId, '');
  const { records, cursor } = await table.query({ partition, descending: true, ...page });
  return { invoices: records.map(readInvoice), ...(cursor === undefined ? {} : { cursor }) };
}

/**
 * The invoice of a month: the closed one, or as it would be now.
 * @param month `2026-11`, the month that begins in that one, the last where two do; or its first day
 * @throws EngineError invoice.not_found
 */
export async function findInvoice({ table, clock }: ViewPorts, tenantId: string, month: string): Promise<Invoice> {
  // First: a month that is closed after this look is still found open, and one that was closed before it is stored.
  const open = openPeriods(await readCalendar(table, tenantId), clock.now()).findLast(({ id }) => id.startsWith(month));
  if (open !== undefined) return draftInvoice(table, tenantId, open, await readRateCard(table));
  const { partition } = invoicePlace(tenantId, '');
  const { records } = await table.query({ partition, sortPrefix: month, descending: true, limit: 1 });
  const [closed] = records;
  if (closed === undefined) throw new EngineError('invoice.not_found', `No month of the tenant begins in ${month}.`);
  return readInvoice(closed);
}

/** What the month that runs comes to so far. */
export async function previewInvoice({ table, clock }: ViewPorts, tenantId: string): Promise<Invoice> {
  const periods = openPeriods(await readCalendar(table, tenantId), clock.now());
  return draftInvoice(table, tenantId, periods.at(-1) ?? periods[0], await readRateCard(table));
}

/** A budget as it stands. */
export const budgetViewSchema = budgetRecordSchema
  .omit({ tenantId: true })
  .extend({
    from: daySchema.describe('First day of the month that runs.'),
    spent: z.number().int().describe('Micro-dollars, of that month, so far.'),
    reached: z.array(z.number().int()).describe('Percentages that were reached.'),
    next: z.number().int().exactOptional().describe('The percentage that is told next; absent: all of it is spent.'),
    freesAt: z.string().describe('When the next month begins.'),
  })
  .meta({ id: 'Budget' });
export type BudgetView = z.infer<typeof budgetViewSchema>;

/** @throws EngineError budget.not_found */
export async function budgetView(ports: ViewPorts, owner: BudgetOwner): Promise<BudgetView> {
  const found = await findBudget(ports.table, owner);
  if (found === undefined) throw noBudget();
  const { tenantId: _, ...budget } = found.budget;
  const { period, spent } = await budgetUse(ports, owner);
  const reached = reachedBy(budget, spent);
  const next = thresholdsOf(budget).find((threshold) => !reached.includes(threshold));
  return {
    ...budget,
    ...{ from: period.from, spent, reached, freesAt: new Date(startOf(period.to)).toISOString() },
    ...(next === undefined ? {} : { next }),
  };
}

/** What a tenant's use of a span was billed at, and what AWS asks for it. */
export const tenantCostSchema = z
  .strictObject({
    tenantId: z.string(),
    name: z.string(),
    billedMicroDollars: z.number().int().describe('What it pays by the rate card, adjustments left aside.'),
    aws: awsCostSchema,
  })
  .meta({ id: 'TenantCost' });
export type TenantCost = z.infer<typeof tenantCostSchema>;

/** A page of all tenants with what they cost, for the operator. */
export async function listCosts(
  table: Table,
  span: { readonly from: string; readonly to: string },
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly costs: readonly TenantCost[]; readonly cursor?: string }> {
  const [card, { tenants, cursor }] = [await readRateCard(table), await listTenants(table, page)];
  const costs: TenantCost[] = [];
  for (const { tenantId, name } of tenants)
    costs.push({ tenantId, name, ...(await costOf(table, tenantId, span, card)) });
  return { costs, ...(cursor === undefined ? {} : { cursor }) };
}

async function costOf(
  table: Table,
  tenantId: string,
  span: { readonly from: string; readonly to: string },
  card: RateCard,
): Promise<{ billedMicroDollars: number; aws: AwsCost }> {
  const bill = createBill(card);
  const used = new Map<UsageKind, bigint>();
  for await (const sum of daySums(table, tenantId, span)) {
    used.set(sum.kind, (used.get(sum.kind) ?? 0n) + BigInt(sum.quantity));
    if (sum.payer === 'tenant') bill.add(sum);
  }
  return { billedMicroDollars: totalOf(bill.lines()), aws: awsCostOf(used) };
}

import { z } from 'zod';
import type { Table } from '../ports/table.ts';
import { ownerOfTeam } from '../quota/places.ts';
import { daySchema } from './days.ts';
import { budgetPlace } from './places.ts';

/** Ten million dollars. */
const mostMicroDollars = 10_000_000_000_000;

/** What somebody sets of a budget. */
export const budgetSettingSchema = z.strictObject({
  microDollars: z
    .number()
    .int()
    .min(1)
    .max(mostMicroDollars)
    .describe('What may be spent in a month, in millionths of a US dollar.'),
  thresholds: z
    .array(z.number().int().min(1).max(99))
    .max(10)
    .refine((all) => new Set(all).size === all.length, 'must name each percentage once')
    .default([50, 80])
    .describe('Percentages of it at which `budget.warning` is told; at 100 `budget.exceeded` is, always.'),
  hardStop: z
    .boolean()
    .default(false)
    .describe('True: when it is spent, no build is taken until the month ends. What waits or runs goes on.'),
});
export type BudgetSetting = z.infer<typeof budgetSettingSchema>;

export const budgetRecordSchema = z.strictObject({
  tenantId: z.string(),
  teamId: z.string().exactOptional(),
  ...budgetSettingSchema.shape,
  changedAt: z.iso.datetime(),
});
export type BudgetRecord = z.infer<typeof budgetRecordSchema>;

/** Whose a budget is: a tenant's, or that of one of its teams. */
export interface BudgetOwner {
  readonly tenantId: string;
  readonly teamId?: string | undefined;
}

export const ownerOf = ({ tenantId, teamId }: BudgetOwner): string =>
  teamId === undefined ? tenantId : ownerOfTeam(tenantId, teamId);

export async function findBudget(
  table: Table,
  owner: BudgetOwner,
): Promise<{ readonly budget: BudgetRecord; readonly version: number } | undefined> {
  const record = await table.get(budgetPlace(ownerOf(owner)));
  return record === undefined ? undefined : { budget: budgetRecordSchema.parse(record.data), version: record.version };
}

/** What was told of a budget in a month. Thresholds are of an amount: another amount has others. */
export const tellingSchema = z.strictObject({
  period: daySchema,
  microDollars: z.number().int(),
  told: z.array(z.number().int()),
});
export type Telling = z.infer<typeof tellingSchema>;

/** Percentages that a budget is told at. */
export const thresholdsOf = ({ thresholds }: Pick<BudgetRecord, 'thresholds'>): number[] =>
  [...thresholds, 100].sort((a, b) => a - b);

/** Those of them that so much has reached. Exact, whatever the amounts. */
export function reachedBy(budget: Pick<BudgetRecord, 'thresholds' | 'microDollars'>, spent: number): number[] {
  return thresholdsOf(budget).filter(
    (threshold) => BigInt(spent) * 100n >= BigInt(budget.microDollars) * BigInt(threshold),
  );
}

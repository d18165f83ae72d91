import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import { tenantUse } from './invoice.ts';
import { type BillingPeriod, currentPeriod } from './periods.ts';
import { createBill, totalOf } from './pricing.ts';
import { readRateCard } from './rate-repository.ts';

/** What a tenant's month that runs came to so far. */
export interface Spending {
  readonly period: BillingPeriod;
  /** Micro-dollars of all of it, or of what is of one team. */
  of(teamId: string | undefined): number;
}

/**
 * Reads the month's sums once, for the tenant and all its teams: they may be tens of thousands, so that nobody reads
 * them once for each team.
 */
export async function readSpending(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  tenantId: string,
): Promise<Spending> {
  const [period, card] = await Promise.all([currentPeriod(table, tenantId, clock.now()), readRateCard(table)]);
  const all = createBill(card);
  const teams = new Map<string, ReturnType<typeof createBill>>();
  for await (const sum of tenantUse(table, tenantId, period)) {
    all.add(sum);
    if (sum.teamId === undefined) continue;
    const team = teams.get(sum.teamId) ?? createBill(card);
    team.add(sum);
    teams.set(sum.teamId, team);
  }
  return {
    period,
    of: (teamId) => totalOf((teamId === undefined ? all : teams.get(teamId))?.lines() ?? []),
  };
}

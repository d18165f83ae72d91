import { untilDone } from '../access/attempts.ts';
import { EngineError } from '../errors.ts';
import { outboxWrite } from '../events/outbox.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { isCounted } from '../quota/owner-quotas.ts';
import {
  type BudgetOwner,
  type BudgetRecord,
  budgetRecordSchema,
  findBudget,
  ownerOf,
  reachedBy,
  type Telling,
  tellingSchema,
} from './budget.ts';
import { startOf } from './days.ts';
import type { BillingPeriod } from './periods.ts';
import { budgetTellingPlace, tenantBudgetsIndex } from './places.ts';
import { readSpending, type Spending } from './spending.ts';

interface WatchPorts {
  readonly table: Table;
  readonly clock: Clock;
}

/** What was spent of a budget in the month that runs. */
export interface BudgetUse {
  readonly period: BillingPeriod;
  readonly spent: number;
}

export async function budgetUse(ports: WatchPorts, { tenantId, teamId }: BudgetOwner): Promise<BudgetUse> {
  const spending = await readSpending(ports, tenantId);
  return { period: spending.period, spent: spending.of(teamId) };
}

/**
 * Lets a build in, or says which budget with a hard stop is spent. What it will cost is not asked: the build that spends
 * the rest runs to its end.
 * @throws EngineError budget.exceeded
 */
export async function needBudget(
  ports: WatchPorts,
  build: BudgetOwner & Parameters<typeof isCounted>[0],
): Promise<void> {
  if (!isCounted(build)) return;
  const { tenantId, teamId } = build;
  const owners: BudgetOwner[] = [{ tenantId }, ...(teamId === undefined ? [] : [{ tenantId, teamId }])];
  const budgets = await Promise.all(owners.map((owner) => findBudget(ports.table, owner)));
  const hard = budgets.flatMap((found) => (found?.budget.hardStop === true ? found.budget : []));
  if (hard.length === 0) return;
  const { period, of: spentBy } = await readSpending(ports, tenantId);
  for (const budget of hard) {
    const spent = spentBy(budget.teamId);
    if (spent < budget.microDollars) continue;
    const freesAt = new Date(startOf(period.to));
    const of = budget.teamId === undefined ? 'tenant' : 'team';
    throw new EngineError(
      'budget.exceeded',
      `The ${of} has spent ${dollars(spent)} of its budget of ${dollars(budget.microDollars)} for the month from ${period.from}. The next one begins at ${freesAt.toISOString()}.`,
      { extensions: { of, limit: budget.microDollars, used: spent, freesAt: freesAt.toISOString() } },
    );
  }
}

const dollars = (microDollars: number): string => `${(microDollars / 1_000_000).toFixed(2)} USD`;

/**
 * Tells of each threshold that what was spent of these budgets of one tenant has reached: once for each amount,
 * threshold and month, since what was told is written with the events.
 * @returns how many events it wrote
 * @throws EngineError service.unavailable where others tell of the same budget all the time
 */
export async function tellOwners(
  ports: WatchPorts & { readonly ids: Ids },
  tenantId: string,
  owners: readonly BudgetOwner[],
): Promise<number> {
  let spending: Spending | undefined;
  let told = 0;
  for (const owner of owners) {
    told += await untilDone(async () => {
      const found = await findBudget(ports.table, owner);
      if (found === undefined) return 0;
      spending ??= await readSpending(ports, tenantId);
      const count = await tellBudget(ports, found.budget, spending);
      // Whoever was faster may have seen less of what was spent, or more: look at all of it again.
      if (count === undefined) spending = undefined;
      return count;
    });
  }
  return told;
}

/** @returns how many events it wrote; undefined where somebody else told meanwhile, of what they saw */
async function tellBudget(
  ports: WatchPorts & { readonly ids: Ids },
  budget: BudgetRecord,
  { period, of }: Spending,
): Promise<number | undefined> {
  const { table } = ports;
  const [spent, place] = [of(budget.teamId), budgetTellingPlace(ownerOf(budget))];
  const record = await table.get(place);
  const before = record === undefined ? undefined : tellingSchema.parse(record.data);
  const told = before?.period === period.id && before.microDollars === budget.microDollars ? before.told : [];
  const due = reachedBy(budget, spent).filter((threshold) => !told.includes(threshold));
  if (due.length === 0) return 0;
  const after: Telling = { period: period.id, microDollars: budget.microDollars, told: [...told, ...due] };
  try {
    await table.transact([
      {
        ...{ kind: 'put', key: place, data: toJsonObject(after) },
        condition: record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version },
      },
      ...due.map((threshold) => thresholdEvent(ports, budget, { threshold, period, spent })),
    ]);
    return due.length;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return undefined;
  }
}

function thresholdEvent(
  ports: { readonly clock: Clock; readonly ids: Ids },
  budget: BudgetRecord,
  { threshold, period, spent }: BudgetUse & { readonly threshold: number },
) {
  const { tenantId, teamId, microDollars, hardStop } = budget;
  const type = threshold < 100 ? 'budget.warning' : 'budget.exceeded';
  return outboxWrite(ports, type, tenantId, {
    teamId,
    threshold,
    microDollars,
    spent,
    from: period.from,
    to: period.to,
    hardStop,
  });
}

/** Budgets of a tenant that are looked at: its own, and those of a thousand teams. */
const mostBudgets = 1_000;

/** Looks at all budgets of a tenant, by an index that may lag: the next look sees what this one does not. */
export async function tellBudgets(ports: WatchPorts & { readonly ids: Ids }, tenantId: string): Promise<number> {
  const { partition } = tenantBudgetsIndex(tenantId, '');
  const { records } = await ports.table.query({ index: 'byTenant', partition, limit: mostBudgets });
  return tellOwners(
    ports,
    tenantId,
    records.map(({ data }) => budgetRecordSchema.parse(data)),
  );
}

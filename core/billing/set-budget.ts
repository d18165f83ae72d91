import { untilDone } from '../access/attempts.ts';
import { wholeTenant } from '../access/reach.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { teamPlace } from '../teams/places.ts';
import { getTeam } from '../teams/team-repository.ts';
import { type BudgetOwner, type BudgetRecord, type BudgetSetting, findBudget, ownerOf } from './budget.ts';
import { budgetPlace, budgetTellingPlace, tenantBudgetsIndex } from './places.ts';

interface BudgetPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Gives a tenant or a team a budget, or another one. It holds at once, for what the month that runs came to too.
 * @throws EngineError team.not_found
 */
export async function setBudget(
  ports: BudgetPorts,
  actor: Actor,
  owner: BudgetOwner,
  setting: BudgetSetting,
): Promise<void> {
  const { tenantId, teamId } = owner;
  const budget: BudgetRecord = {
    ...{ tenantId, ...(teamId === undefined ? {} : { teamId }) },
    ...{ ...setting, changedAt: ports.clock.now().toISOString() },
  };
  await write(ports, owner, (before) => [
    // A team that is removed meanwhile takes its budget along.
    ...(teamId === undefined
      ? []
      : [{ kind: 'check', key: teamPlace(tenantId, teamId), condition: { kind: 'exists' } } as const]),
    {
      ...{ kind: 'put', key: budgetPlace(ownerOf(owner)), data: toJsonObject(budget) },
      indexes: { byTenant: tenantBudgetsIndex(tenantId, ownerOf(owner)) },
      condition: before === undefined ? { kind: 'absent' } : { kind: 'version', version: before.version },
    },
    auditWrite(ports, actor, {
      ...{ action: 'budget.set', target: teamId ?? tenantId },
      detail: toJsonObject({ ...setting, before: before?.budget ?? null }),
    }),
  ]);
}

/** @throws EngineError budget.not_found */
export async function removeBudget(ports: BudgetPorts, actor: Actor, owner: BudgetOwner): Promise<void> {
  await write(ports, owner, (before) => {
    if (before === undefined) throw noBudget();
    return [
      { kind: 'delete', key: budgetPlace(ownerOf(owner)), condition: { kind: 'version', version: before.version } },
      { kind: 'delete', key: budgetTellingPlace(ownerOf(owner)) },
      auditWrite(ports, actor, { action: 'budget.removed', target: owner.teamId ?? owner.tenantId }),
    ];
  });
}

export const noBudget = (): EngineError => new EngineError('budget.not_found', 'Nobody has set a budget here.');

async function write(
  { table }: BudgetPorts,
  owner: BudgetOwner,
  writes: (before: Awaited<ReturnType<typeof findBudget>>) => readonly TableWrite[],
): Promise<void> {
  await untilDone(async () => {
    try {
      await table.transact(writes(await findBudget(table, owner)));
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const { tenantId, teamId } = owner;
      if (teamId !== undefined) await getTeam(table, wholeTenant(tenantId), teamId);
      return undefined;
    }
  });
}

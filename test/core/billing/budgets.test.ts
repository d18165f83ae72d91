import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Principal } from '../../../core/access/principal.ts';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { pendingPlace } from '../../../core/audit/places.ts';
import { budgetView } from '../../../core/billing/billing-view.ts';
import {
  type BudgetSetting,
  budgetSettingSchema,
  findBudget,
  ownerOf,
  reachedBy,
} from '../../../core/billing/budget.ts';
import { needBudget, tellBudgets, tellOwners } from '../../../core/billing/budget-watch.ts';
import { budgetPlace, budgetTellingPlace, rateCardPlace, sumsPartition } from '../../../core/billing/places.ts';
import { removeBudget, setBudget } from '../../../core/billing/set-budget.ts';
import { submitBuild } from '../../../core/builds/submit-build.ts';
import { toJsonObject } from '../../../core/json.ts';
import { teamPlace } from '../../../core/teams/places.ts';
import { createTeam, removeTeam } from '../../../core/teams/team-repository.ts';
import { specWith } from '../plan/plan-fixtures.ts';
import { type BillingWorld, openBillingWorld, tableWith } from './billing-world.ts';

let world: BillingWorld;
beforeEach(async () => {
  world = await openBillingWorld();
  world.now = Date.parse('2026-10-10T12:00:00Z');
  // A decision costs a dollar.
  const versions = [{ from: '2026-10-01', name: 'simple', prices: { approvals: 1_000_000 } }];
  await world.table.transact([{ kind: 'put', key: rateCardPlace, data: toJsonObject({ versions }) }]);
});
afterEach(() => world.close());

const set = async (setting: Partial<BudgetSetting>, teamId?: string) => {
  const { tenantId } = world;
  if (teamId !== undefined && (await world.table.get(teamPlace(tenantId, teamId))) === undefined)
    await world.table.transact([{ kind: 'put', key: teamPlace(tenantId, teamId), data: {} }]);
  const actor = { tenantId, memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };
  return setBudget(world, actor, { tenantId, teamId }, budgetSettingSchema.parse(setting));
};
let uses = 0;
const spend = (dollars: number, teamId?: string, day = '2026-10-10') => {
  uses += 1;
  return world.record(`use${uses}`, day, { approvals: dollars }, teamId);
};
const tell = (teamId?: string) => tellOwners(world, world.tenantId, [{ tenantId: world.tenantId, teamId }]);
const told = async (): Promise<unknown[]> =>
  (await world.events())
    .filter(({ type }) => type.startsWith('budget.'))
    .map(({ type, detail }) => [
      type,
      (detail as { threshold: number }).threshold,
      (detail as { teamId?: string }).teamId,
    ]);

describe('a budget', () => {
  it('is not given to a team that is gone, also where that was removed just now', async () => {
    const { tenantId } = world;
    const actor = { tenantId, memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };
    const owner = { tenantId, teamId: 'team_gone' };
    const setting = budgetSettingSchema.parse({ microDollars: 1_000_000 });
    await expect(setBudget(world, actor, owner, setting)).rejects.toMatchObject({ code: 'team.not_found' });
    expect(await findBudget(world.table, owner)).toBeUndefined();
  });

  it('tells each threshold once a month, whoever looks and however often', async () => {
    await set({ microDollars: 100_000_000 });
    await spend(49);
    expect(await tell()).toBe(0);
    await spend(1);
    await Promise.all([tell(), tell(), tell()]);
    expect(await told()).toEqual([['budget.warning', 50, undefined]]);
    await spend(29);
    await tell();
    expect(await told()).toHaveLength(1);
    // Two at once.
    await spend(30);
    await tell();
    await tell();
    expect(await told()).toEqual([
      ['budget.warning', 50, undefined],
      ['budget.warning', 80, undefined],
      ['budget.exceeded', 100, undefined],
    ]);
    world.now = Date.parse('2026-11-10T12:00:00Z');
    expect(await tell()).toBe(0);
    await spend(50, undefined, '2026-11-10');
    expect(await tell()).toBe(1);
  });

  it('tells of what somebody who was faster had not seen', async () => {
    await set({ microDollars: 100_000_000 });
    await spend(50);
    let isFirst = true;
    // Between its look and its telling another one looks too, before the rest is spent.
    const table = tableWith(world.table, {
      transact: async (writes) => {
        if (isFirst) {
          isFirst = false;
          await tell();
          await spend(50);
        }
        return world.table.transact(writes);
      },
    });
    expect(await tellOwners({ ...world, table }, world.tenantId, [{ tenantId: world.tenantId }])).toBe(2);
    expect(await told()).toEqual([
      ['budget.warning', 50, undefined],
      ['budget.warning', 80, undefined],
      ['budget.exceeded', 100, undefined],
    ]);
  });

  it('of another amount has other thresholds', async () => {
    await set({ microDollars: 10_000_000 });
    await spend(5);
    await tell();
    await set({ microDollars: 8_000_000 });
    await tell();
    await set({ microDollars: 8_000_000, hardStop: true });
    await tell();
    expect(await told()).toEqual([
      ['budget.warning', 50, undefined],
      ['budget.warning', 50, undefined],
    ]);
  });

  it('of a team is of what is of that team, and bounds it within its tenant', async () => {
    await set({ microDollars: 10_000_000, thresholds: [], hardStop: true }, 'team_1');
    await spend(100);
    await spend(9, 'team_1');
    await needBudget(world, { tenantId: world.tenantId, teamId: 'team_1', purpose: undefined });
    await spend(1, 'team_1');
    await needBudget(world, { tenantId: world.tenantId, purpose: undefined });
    await expect(
      needBudget(world, { tenantId: world.tenantId, teamId: 'team_1', purpose: undefined }),
    ).rejects.toMatchObject({
      code: 'budget.exceeded',
      status: 402,
      extensions: { of: 'team', limit: 10_000_000, used: 10_000_000, freesAt: '2026-11-05T00:00:00.000Z' },
    });
    // By the index of all of a tenant's.
    expect(await tellBudgets(world, world.tenantId)).toBe(1);
    expect(await told()).toEqual([['budget.exceeded', 100, 'team_1']]);
  });

  it('is looked at with all others of its tenant by one reading of the month', async () => {
    let queries = 0;
    const table = tableWith(world.table, {
      query: (query) => {
        if (query.partition === sumsPartition(world.tenantId)) queries += 1;
        return world.table.query(query);
      },
    });
    for (let team = 0; team < 20; team += 1) {
      await set({ microDollars: 10_000_000, thresholds: [], hardStop: true }, `team_${team}`);
      await spend(team, `team_${team}`);
    }
    await set({ microDollars: 1_000_000_000, thresholds: [], hardStop: true });
    expect(await tellBudgets({ ...world, table }, world.tenantId)).toBe(10);
    // A month from the 5th lies in two calendar months.
    expect(queries).toBe(2);
    await needBudget({ ...world, table }, { tenantId: world.tenantId, teamId: 'team_9', purpose: undefined });
    expect(queries).toBe(4);
  });

  it('goes with its team', async () => {
    const { tenantId, table } = world;
    const principal = { tenantId, keyId: 'key_1', memberId: 'mem_1', requestId: 'req_1' } as Principal;
    const { teamId } = (await createTeam(world, principal, { name: 'one', description: '' })).team;
    await set({ microDollars: 10_000_000 }, teamId);
    await spend(10, teamId);
    await tell(teamId);
    const owner = ownerOf({ tenantId, teamId });
    const stored = () => Promise.all([budgetPlace(owner), budgetTellingPlace(owner)].map((key) => table.get(key)));
    expect(await stored()).not.toContain(undefined);
    await removeTeam(world, principal, teamId);
    expect(await stored()).toEqual([undefined, undefined]);
    const { records } = await table.query({ partition: pendingPlace(tenantId, '').partition, limit: 10 });
    expect(records.map(({ data }) => auditEntrySchema.parse(data).action)).toContain('budget.removed');
  });

  it('without a hard stop refuses nothing; with one it refuses builds until the month ends', async () => {
    const { tenantId } = world;
    const submit = () =>
      submitBuild(world, { tenantId, keyId: 'key_1', spec: specWith({ outputs: [{ type: 'tar' }] }) });
    await set({ microDollars: 5_000_000 });
    await spend(5);
    await submit();
    await set({ microDollars: 5_000_000, hardStop: true });
    await expect(submit()).rejects.toMatchObject({ code: 'budget.exceeded' });
    // What is built ahead for all is nobody's.
    await needBudget(world, { tenantId, purpose: 'warm' });
    await set({ microDollars: 6_000_000, hardStop: true });
    await submit();
    await spend(1);
    await expect(submit()).rejects.toMatchObject({ code: 'budget.exceeded' });
    world.now = Date.parse('2026-11-05T00:00:00Z');
    await submit();
  });

  it('is shown with what is spent, and gone when it is removed', async () => {
    const { tenantId } = world;
    await set({ microDollars: 8_000_000 });
    await spend(5);
    expect(await budgetView(world, { tenantId })).toMatchObject({
      ...{ spent: 5_000_000, reached: [50], next: 80, from: '2026-10-05', freesAt: '2026-11-05T00:00:00.000Z' },
    });
    const actor = { tenantId, memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };
    await removeBudget(world, actor, { tenantId });
    await expect(budgetView(world, { tenantId })).rejects.toMatchObject({ code: 'budget.not_found' });
    await expect(removeBudget(world, actor, { tenantId })).rejects.toMatchObject({ code: 'budget.not_found' });
    const { partition } = pendingPlace(tenantId, '');
    const { records } = await world.table.query({ partition, limit: 10 });
    // Made in the same millisecond of a clock that stands: in any order.
    expect(records.map(({ data }) => auditEntrySchema.parse(data).action).sort()).toEqual([
      'budget.removed',
      'budget.set',
    ]);
  });

  it('is reached exactly where it is reached', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e13 }),
        fc.nat({ max: 2 ** 31 }),
        fc.integer({ min: 1, max: 99 }),
        (microDollars, spent, threshold) => {
          const reached = reachedBy({ microDollars, thresholds: [threshold] }, spent);
          expect(reached.includes(threshold)).toBe(BigInt(spent) * 100n >= BigInt(threshold) * BigInt(microDollars));
          expect(reached.includes(100)).toBe(spent >= microDollars);
        },
      ),
    );
  });
});

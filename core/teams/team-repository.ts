import { untilDone } from '../access/attempts.ts';
import { countPlace } from '../access/places.ts';
import type { Principal } from '../access/principal.ts';
import { type Reach, reaches, wholeTenant } from '../access/reach.ts';
import { auditWrite } from '../audit/entry.ts';
import { findBudget, ownerOf } from '../billing/budget.ts';
import { budgetPlace, budgetTellingPlace } from '../billing/places.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableRecord, wrote } from '../ports/table.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import { teamLimits } from './limits.ts';
import { teamPlace } from './places.ts';
import { type TeamRecord, teamRecordSchema } from './team-record.ts';

export interface TeamPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A team, and how many are in it. */
export interface CountedTeam {
  readonly team: TeamRecord;
  readonly members: number;
}

const readTeam = (stored: TableRecord): CountedTeam => ({
  team: teamRecordSchema.parse(stored.data),
  members: stored.counters.members ?? 0,
});

/** The team of a tenant; undefined where there is none of that id, or only another tenant has it. */
export async function findTeam(table: Table, tenantId: string, teamId: string): Promise<CountedTeam | undefined> {
  const stored = await table.get(teamPlace(tenantId, teamId));
  return stored === undefined ? undefined : readTeam(stored);
}

/** The team, where it is in reach. @throws EngineError team.not_found, with one text whatever the cause */
export async function getTeam(table: Table, reach: Reach, teamId: string): Promise<CountedTeam> {
  return readTeam(await storedTeam(table, reach, teamId));
}

async function storedTeam(table: Table, reach: Reach, teamId: string): Promise<TableRecord> {
  const { tenantId } = reach;
  const stored = reaches(reach, { tenantId, teamId }) ? await table.get(teamPlace(tenantId, teamId)) : undefined;
  if (stored === undefined) throw missingTeam();
  return stored;
}

/** The team that what follows from a thing belongs to: the same, while it is there. */
export async function teamOf(
  table: Table,
  { tenantId, teamId }: { readonly tenantId: string; readonly teamId?: string | undefined },
): Promise<{ readonly teamId?: string }> {
  return teamId === undefined || (await findTeam(table, tenantId, teamId)) === undefined ? {} : { teamId };
}

/** A page of the teams in reach, the oldest first. */
export async function listTeams(
  table: Table,
  { tenantId, teams }: Reach,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly teams: readonly CountedTeam[]; readonly cursor?: string }> {
  if (teams === 'all') {
    const { records, cursor } = await table.query({ partition: teamPlace(tenantId, '').partition, ...page });
    return { teams: records.map(readTeam), ...(cursor === undefined ? {} : { cursor }) };
  }
  // Those of one member are few; the last of a page is the cursor.
  const left = [...teams].sort().filter((teamId) => page.cursor === undefined || teamId > page.cursor);
  const ids = left.slice(0, page.limit);
  const found = await Promise.all(ids.map((teamId) => findTeam(table, tenantId, teamId)));
  const last = ids.at(-1);
  return {
    teams: found.flatMap((team) => team ?? []),
    ...(left.length <= ids.length || last === undefined ? {} : { cursor: last }),
  };
}

type TeamContent = Pick<TeamRecord, 'name' | 'description'>;

/** Makes a team, with nobody in it. @throws EngineError team.too_many */
export async function createTeam(
  { table, clock, ids }: TeamPorts,
  principal: Principal,
  { name, description }: TeamContent,
  remember: Remember = () => [],
): Promise<CountedTeam> {
  const { tenantId } = principal;
  const now = clock.now().toISOString();
  const team: TeamRecord = {
    ...{ teamId: ids.next('team'), tenantId, name, description },
    ...{ createdAt: now, changedAt: now },
  };
  const { teamId } = team;
  try {
    await table.transact([
      { kind: 'put', key: teamPlace(tenantId, teamId), data: toJsonObject(team), condition: { kind: 'absent' } },
      { kind: 'increment', key: countPlace(tenantId, 'teams'), counter: 'count', by: 1, max: teamLimits.teams },
      auditWrite({ clock, ids }, principal, { action: 'team.created', target: teamId, detail: { name } }),
      ...remember(teamId),
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed) || !error.failed.includes(1)) throw error;
    throw new EngineError('team.too_many', `The tenant has ${teamLimits.teams} teams.`);
  }
  return { team, members: 0 };
}

/** Changes how a team is called and described. @throws EngineError team.not_found */
export async function changeTeam(
  { table, clock, ids }: TeamPorts,
  principal: Principal,
  { reach, teamId }: { readonly reach: Reach; readonly teamId: string },
  change: Partial<TeamContent>,
): Promise<CountedTeam> {
  const { tenantId } = principal;
  const key = teamPlace(tenantId, teamId);
  return untilDone(async () => {
    const stored = await storedTeam(table, reach, teamId);
    const { team: before, members } = readTeam(stored);
    const team: TeamRecord = { ...before, ...change, changedAt: clock.now().toISOString() };
    const detail = { name: team.name, before: { name: before.name } };
    const done = await wrote(table, [
      { kind: 'put', key, data: toJsonObject(team), condition: { kind: 'version', version: stored.version } },
      auditWrite({ clock, ids }, principal, { action: 'team.changed', target: teamId, detail }),
    ]);
    return done ? { team, members } : undefined;
  });
}

/**
 * Removes a team that has no members, and its budget. What was its own keeps its id and stays the tenant's: whoever may so in the tenant
 * reaches it still, and nobody else does.
 * @throws EngineError team.not_found, team.in_use
 */
export async function removeTeam(
  { table, clock, ids }: TeamPorts,
  principal: Principal,
  teamId: string,
): Promise<void> {
  const { tenantId } = principal;
  const key = teamPlace(tenantId, teamId);
  await untilDone(async () => {
    const stored = await storedTeam(table, wholeTenant(tenantId), teamId);
    const { team, members } = readTeam(stored);
    if (members > 0) throw new EngineError('team.in_use', `The team has ${members} member(s).`);
    const detail = { name: team.name };
    const owner = ownerOf({ tenantId, teamId });
    const budget = await findBudget(table, { tenantId, teamId });
    const done = await wrote(table, [
      // Its version counts members too: one who joins meanwhile fails this.
      { kind: 'delete', key, condition: { kind: 'version', version: stored.version } },
      { kind: 'increment', key: countPlace(tenantId, 'teams'), counter: 'count', by: -1, min: 0 },
      auditWrite({ clock, ids }, principal, { action: 'team.removed', target: teamId, detail }),
      // Nobody could see it or take it away any more.
      ...(budget === undefined
        ? []
        : [
            {
              ...{ kind: 'delete' as const, key: budgetPlace(owner) },
              condition: { kind: 'version' as const, version: budget.version },
            },
            auditWrite({ clock, ids }, principal, { action: 'budget.removed', target: teamId }),
          ]),
      { kind: 'delete', key: budgetTellingPlace(owner) },
    ]);
    return done ? true : undefined;
  });
}

export function missingTeam(): EngineError {
  return new EngineError('team.not_found', 'There is no team of this id that you may see.');
}

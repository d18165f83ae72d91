import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import { type Held, holds, intersection, needHeld } from './grants.ts';
import type { MemberRecord } from './member-record.ts';
import type { Grant } from './permissions.ts';
import { grantsOf } from './role-repository.ts';

/** What a member's roles hold, those inside teams included. A role that is gone holds nothing. */
export async function heldByMember(
  table: Table,
  { tenantId, roles, teams = [] }: Pick<MemberRecord, 'tenantId' | 'roles' | 'teams'>,
): Promise<Held> {
  const names = [...new Set([roles, ...teams.map((team) => team.roles)].flat())];
  const each = new Map(
    await Promise.all(names.map(async (name) => [name, (await grantsOf(table, tenantId, name)) ?? []] as const)),
  );
  const together = (list: readonly string[]) => new Set(list.flatMap((name) => each.get(name) ?? []));
  return {
    grants: together(roles),
    teamGrants: new Map(teams.map((team) => [team.teamId, together(team.roles)] as const)),
  };
}

/** What is left of it under scopes, which leave out the same inside teams. */
export function narrowed({ grants, teamGrants }: Held, scopes: readonly Grant[] | undefined): Held {
  if (scopes === undefined) return { grants, teamGrants };
  const kept = new Set(scopes);
  return {
    grants: intersection(grants, kept),
    teamGrants: new Map([...teamGrants].map(([teamId, list]) => [teamId, intersection(list, kept)] as const)),
  };
}

/** All that is held anywhere, in the tenant or in a team. */
export function heldAnywhere({ grants, teamGrants }: Held): ReadonlySet<Grant> {
  return new Set([...grants, ...[...teamGrants.values()].flatMap((list) => [...list])]);
}

/**
 * Nobody gives or takes inside a team what they hold neither there nor in the tenant.
 * @throws EngineError access.not_held, naming what is lacking
 */
export function needHeldInTeam(principal: Held, teamId: string, wanted: Iterable<Grant>): void {
  const there = principal.teamGrants.get(teamId) ?? new Set<Grant>();
  const lacking = [...new Set(wanted)].filter((grant) => !holds(principal.grants, grant) && !holds(there, grant));
  if (lacking.length === 0) return;
  throw new EngineError('access.not_held', `Your key does not hold ${lacking.sort().join(', ')} in ${teamId}.`);
}

/** Whether somebody holds all that another holds, each where it is held. @throws EngineError access.not_held */
export function needHolds(principal: Held, { grants, teamGrants }: Held): void {
  needHeld(principal, grants);
  for (const [teamId, list] of teamGrants) needHeldInTeam(principal, teamId, list);
}

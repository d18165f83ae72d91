import { untilDone } from '../access/attempts.ts';
import { needHeldInTeam } from '../access/held.ts';
import type { MemberRecord } from '../access/member-record.ts';
import { memberRecordSchema } from '../access/member-record.ts';
import { findMember, missingMember } from '../access/member-repository.ts';
import { memberPlace } from '../access/places.ts';
import type { Principal } from '../access/principal.ts';
import type { Reach } from '../access/reach.ts';
import { grantsOfRoles, heldByRoles, roleCounts } from '../access/role-repository.ts';
import { type AuditFact, auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { teamLimits } from './limits.ts';
import { joiningWrites, leavingWrites } from './membership-writes.ts';
import { teamMemberPlace, teamPlace } from './places.ts';
import type { Membership } from './team-record.ts';
import { findTeam, getTeam, missingTeam, type TeamPorts } from './team-repository.ts';

/** Somebody in a team. */
export interface TeamMember {
  readonly member: MemberRecord;
  readonly membership: Membership;
}

/** Which member of which team is meant, and which teams whoever asks may look after. */
export interface Place {
  readonly reach: Reach;
  readonly teamId: string;
  readonly memberId: string;
}

/** A page of a team's members, by their ids. @throws EngineError team.not_found */
export async function listTeamMembers(
  table: Table,
  reach: Reach,
  teamId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly members: readonly TeamMember[]; readonly cursor?: string }> {
  await getTeam(table, reach, teamId);
  const { tenantId } = reach;
  const { records, cursor } = await table.query({
    partition: teamMemberPlace(tenantId, teamId, '').partition,
    ...page,
  });
  const found = await Promise.all(records.map(({ key }) => findMember(table, tenantId, key.sort)));
  return {
    // Who has left meanwhile is not among them.
    members: found.flatMap((member) => {
      const membership = member?.teams?.find((one) => one.teamId === teamId);
      return member === undefined || membership === undefined ? [] : [{ member, membership }];
    }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/**
 * Takes a member of the tenant into a team, or changes what they are there: it holds at their next request. Who does so
 * must hold, there or in the tenant, what the member's roles there hold before and after.
 * @throws EngineError team.not_found, member.not_found, role.not_found, access.not_held, team.full,
 *   team.too_many_of_member
 */
export async function setTeamMember(
  ports: TeamPorts,
  principal: Principal,
  place: Place,
  roles: readonly string[],
): Promise<TeamMember & { readonly created: boolean }> {
  const { table, clock } = ports;
  const { tenantId } = principal;
  const { teamId, memberId } = place;
  return change(ports, principal, place, async ({ member, membership: before }) => {
    const teams = (member.teams ?? []).filter((one) => one.teamId !== teamId);
    const after = before?.roles ?? [];
    needHeldInTeam(principal, teamId, [
      ...(await heldByRoles(table, tenantId, after)),
      ...(await grantsOfRoles(table, tenantId, roles)),
    ]);
    if (teams.length >= teamLimits.teamsOfMember) {
      throw new EngineError('team.too_many_of_member', `The member is in ${teams.length} teams.`);
    }
    const addedAt = before?.addedAt ?? clock.now().toISOString();
    const membership: Membership = { teamId, roles: [...roles], addedAt };
    return {
      teams: [...teams, membership].sort((a, b) => (a.teamId < b.teamId ? -1 : 1)),
      writes: [
        ...(before === undefined
          ? joiningWrites(tenantId, teamId, memberId)
          : [{ kind: 'check' as const, key: teamPlace(tenantId, teamId), condition: { kind: 'exists' as const } }]),
        ...roleCounts(tenantId, after, roles),
      ],
      fact: { action: 'team.member_set', detail: { memberId, roles: [...roles], before: before?.roles ?? null } },
      answer: (changed) => ({ member: changed, membership, created: before === undefined }),
    };
  });
}

/**
 * Takes a member out of a team. Who does so must hold what the member holds there.
 * @throws EngineError team.not_found, team.not_a_member, access.not_held
 */
export async function removeTeamMember(ports: TeamPorts, principal: Principal, place: Place): Promise<void> {
  const { tenantId } = principal;
  const { teamId, memberId } = place;
  await change(ports, principal, place, async ({ member, membership: before }) => {
    if (before === undefined) throw notInTeam();
    needHeldInTeam(principal, teamId, await heldByRoles(ports.table, tenantId, before.roles));
    return {
      teams: (member.teams ?? []).filter((one) => one.teamId !== teamId),
      writes: [...leavingWrites(tenantId, teamId, memberId), ...roleCounts(tenantId, before.roles, [])],
      fact: { action: 'team.member_removed', detail: { memberId, before: before.roles } },
      answer: () => true,
    };
  });
}

interface Change<T> {
  readonly teams: readonly Membership[];
  readonly writes: readonly TableWrite[];
  readonly fact: Omit<AuditFact, 'target'>;
  readonly answer: (member: MemberRecord) => T;
}

/** Changes what a member is in a team, as they stand then; anew where somebody else was faster. */
async function change<T>(
  ports: TeamPorts,
  principal: Principal,
  { reach, teamId, memberId }: Place,
  make: (now: { readonly member: MemberRecord; readonly membership: Membership | undefined }) => Promise<Change<T>>,
): Promise<T> {
  const { table, clock } = ports;
  const { tenantId } = principal;
  const key = memberPlace(tenantId, memberId);
  return untilDone(async () => {
    await getTeam(table, reach, teamId);
    const stored = await table.get(key);
    if (stored === undefined) throw missingMember();
    const member = memberRecordSchema.parse(stored.data);
    const membership = member.teams?.find((one) => one.teamId === teamId);
    const { teams, writes, fact, answer } = await make({ member, membership });
    const { teams: _, ...kept } = member;
    const changed: MemberRecord = {
      ...{ ...kept, changedAt: clock.now().toISOString() },
      ...(teams.length === 0 ? {} : { teams: [...teams] }),
    };
    try {
      await table.transact([
        { kind: 'put', key, data: toJsonObject(changed), condition: { kind: 'version', version: stored.version } },
        ...writes,
        auditWrite(ports, principal, { ...fact, target: teamId }),
      ]);
      return answer(changed);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const refused = error.failed.includes(0) ? undefined : await findTeam(table, tenantId, teamId);
      if (membership === undefined && (refused?.members ?? 0) >= teamLimits.members) {
        throw new EngineError('team.full', `The team has ${teamLimits.members} members.`);
      }
      // The member, the team or a role is another now: it is looked at anew.
      return undefined;
    }
  });
}

/**
 * That somebody may make a thing that belongs to a team: it is there, and their permission reaches it; or one of no team,
 * for which the permission must be the tenant's.
 * @param reach over what they hold the permission to make it
 * @throws EngineError team.not_found; access.forbidden where they are in it and may not do this there
 */
export async function needTeam(
  table: Table,
  principal: Principal,
  reach: Reach,
  teamId: string | undefined,
): Promise<void> {
  if (teamId === undefined) {
    if (reach.teams === 'all') return;
    throw new EngineError('access.forbidden', 'You may do this inside teams alone: name one of yours as `team`.');
  }
  if (reach.teams !== 'all' && !reach.teams.has(teamId)) {
    if (!principal.teamGrants.has(teamId)) throw missingTeam();
    throw new EngineError('access.forbidden', `Your roles in ${teamId} do not let you do this there.`);
  }
  if ((await findTeam(table, reach.tenantId, teamId)) === undefined) throw missingTeam();
}

function notInTeam(): EngineError {
  return new EngineError('team.not_a_member', 'The team has no such member.');
}

import { permissionsOf } from '../access/grants.ts';
import { heldByMember } from '../access/held.ts';
import type { MemberRecord } from '../access/member-record.ts';
import { findMember } from '../access/member-repository.ts';
import type { Table } from '../ports/table.ts';
import type { Voter } from './standing.ts';

const needed = 'approvals:decide';

/** Who somebody is beside others: a service account does what whoever added it wants. */
export const identityOf = (member: Pick<MemberRecord, 'memberId' | 'kind' | 'addedBy'>): string =>
  member.kind === 'service' ? (member.addedBy ?? member.memberId) : member.memberId;

/**
 * Members as they are now, each read once; one who is in the tenant no more is not there.
 * @param teamId the team of what is judged: what they are there counts too
 */
export async function readVoters(
  table: Table,
  { tenantId, teamId }: { readonly tenantId: string; readonly teamId?: string | undefined },
  memberIds: Iterable<string>,
): Promise<ReadonlyMap<string, Voter>> {
  const all = [...new Set(memberIds)];
  const found = await Promise.all(all.map((memberId) => readVoter(table, tenantId, memberId, teamId)));
  return new Map(found.flatMap((voter) => (voter === undefined ? [] : [[voter.memberId, voter]])));
}

async function readVoter(
  table: Table,
  tenantId: string,
  memberId: string,
  teamId: string | undefined,
): Promise<Voter | undefined> {
  const member = await findMember(table, tenantId, memberId);
  if (member === undefined) return undefined;
  const { kind, suspendedAt } = member;
  const { grants, teamGrants } = await heldByMember(table, member);
  const inTeam = teamId === undefined ? undefined : teamGrants.get(teamId);
  const decides = suspendedAt === undefined && permissionsOf(new Set([...grants, ...(inTeam ?? [])])).has(needed);
  const roles = [...member.roles, ...(member.teams?.find((team) => team.teamId === teamId)?.roles ?? [])];
  return { memberId, kind, roles, identity: identityOf(member), decides };
}

/** Who cannot approve what a member asks for: they, and who added the service account that they are. */
export async function authorsOf(table: Table, tenantId: string, memberId: string | undefined): Promise<string[]> {
  if (memberId === undefined) return [];
  const member = await findMember(table, tenantId, memberId);
  return [...new Set([memberId, member === undefined ? memberId : identityOf(member)])];
}

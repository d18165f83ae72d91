import { auditWrite } from '../audit/entry.ts';
import type { JsonObject } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableRecord, type TableWrite } from '../ports/table.ts';
import { leavingWrites } from '../teams/membership-writes.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import type { Installation } from '../tenancy/installation.ts';
import { untilDone } from './attempts.ts';
import { needHeld } from './grants.ts';
import { heldByMember, needHolds } from './held.ts';
import { removeKeysOf } from './key-repository.ts';
import { accessLimits } from './limits.ts';
import { isActiveOwner, type MemberRecord, memberRecordSchema } from './member-record.ts';
import { countPlace, memberPlace } from './places.ts';
import type { Principal } from './principal.ts';
import { grantsOfRoles, roleCounts } from './role-repository.ts';
import { linkSubject, unlinkWrites } from './subject-links.ts';

export interface MemberPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Whose tokens members may be linked to; absent: nobody's. */
  readonly installation?: Pick<Installation, 'oidc'>;
}

type NewMember = Pick<MemberRecord, 'kind' | 'name' | 'roles'> & {
  readonly email?: string;
  readonly addedBy?: string;
};

const recordOf = (stored: TableRecord): MemberRecord => memberRecordSchema.parse(stored.data);

/** The member of a tenant; undefined where there is none of that id, or only another tenant has it. */
export async function findMember(table: Table, tenantId: string, memberId: string): Promise<MemberRecord | undefined> {
  const stored = await table.get(memberPlace(tenantId, memberId));
  return stored === undefined ? undefined : recordOf(stored);
}

/** @throws EngineError member.not_found */
export async function getMember(table: Table, tenantId: string, memberId: string): Promise<MemberRecord> {
  const member = await findMember(table, tenantId, memberId);
  if (member === undefined) throw missingMember();
  return member;
}

/** A page of a tenant's members, the oldest first. */
export async function listMembers(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly members: readonly MemberRecord[]; readonly cursor?: string }> {
  const { partition } = memberPlace(tenantId, '');
  const { records, cursor } = await table.query({ partition, ...page });
  return { members: records.map(recordOf), ...(cursor === undefined ? {} : { cursor }) };
}

/** Makes a member, and the writes that store it, so that the caller's transaction can hold more. */
export function newMember(
  { clock, ids }: Pick<MemberPorts, 'clock' | 'ids'>,
  tenantId: string,
  { kind, name, email, roles, addedBy }: NewMember,
): { readonly member: MemberRecord; readonly writes: readonly TableWrite[] } {
  const now = clock.now().toISOString();
  const memberId = ids.next('mem');
  const member: MemberRecord = {
    ...{ memberId, tenantId, kind, name, roles, createdAt: now, changedAt: now },
    ...(email === undefined ? {} : { email }),
    ...(addedBy === undefined ? {} : { addedBy }),
  };
  const writes: TableWrite[] = [
    { kind: 'put', key: memberPlace(tenantId, memberId), data: toJsonObject(member), condition: { kind: 'absent' } },
    { kind: 'increment', key: countPlace(tenantId, 'members'), counter: 'count', by: 1, max: accessLimits.members },
    ...roleCounts(tenantId, [], roles),
    ...ownerCount(undefined, member),
  ];
  return { member, writes };
}

/**
 * Takes somebody into the tenant.
 * @throws EngineError role.not_found, access.not_held, member.too_many
 */
export async function addMember(
  ports: MemberPorts,
  principal: Principal,
  wanted: NewMember,
  remember: Remember = () => [],
): Promise<MemberRecord> {
  needHeld(principal, await grantsOfRoles(ports.table, principal.tenantId, wanted.roles));
  const { member, writes } = newMember(ports, principal.tenantId, { ...wanted, addedBy: principal.memberId });
  try {
    await ports.table.transact([
      ...writes,
      auditWrite(ports, principal, { action: 'member.added', target: member.memberId, detail: factsOf(member) }),
      ...remember(member.memberId),
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.failed.includes(1)) {
      throw new EngineError('member.too_many', `The tenant has ${accessLimits.members} members.`);
    }
    await grantsOfRoles(ports.table, principal.tenantId, wanted.roles);
    throw error;
  }
  return member;
}

/** What may be changed of a member; absent: as it was. */
export interface MemberChange {
  readonly name?: string;
  /** null: has none any more. */
  readonly email?: string | null;
  readonly roles?: readonly string[];
  readonly suspended?: boolean;
  /** Whose tokens are theirs at the issuer; null: none any more. */
  readonly oidcSubject?: string | null;
}

/**
 * Changes a member. Who does so must hold what the member holds before and after, or it would be a way around what they
 * themselves hold; a name or an address alone is open to whoever may write members. What they are inside teams is not
 * changed here (core/teams); it is to be held by who suspends them or lets them in again.
 * @throws EngineError member.not_found, role.not_found, access.not_held, access.last_owner, oidc.not_configured,
 *   member.subject_taken
 */
export async function changeMember(
  { table, clock, ids, installation }: MemberPorts,
  principal: Principal,
  memberId: string,
  change: MemberChange,
): Promise<MemberRecord> {
  const { tenantId } = principal;
  const key = memberPlace(tenantId, memberId);
  return untilDone(async () => {
    const stored = await table.get(key);
    if (stored === undefined) throw missingMember();
    const before = recordOf(stored);
    const roles = change.roles ?? before.roles;
    // Whoever has a token of the subject acts as the member.
    const whole = change.suspended !== undefined || change.oidcSubject !== undefined;
    if (change.roles !== undefined || whole) {
      const held = await heldByMember(table, before);
      const teamGrants = whole ? held.teamGrants : new Map();
      needHolds(principal, {
        grants: new Set([...held.grants, ...(await grantsOfRoles(table, tenantId, roles))]),
        teamGrants,
      });
    }
    const { suspendedAt, email, oidcSubject: _, oidcLink: __, ...kept } = before;
    const linking = await linkSubject(table, installation?.oidc, before, change.oidcSubject);
    const address = change.email === undefined ? email : (change.email ?? undefined);
    const now = clock.now().toISOString();
    const suspended = change.suspended ?? suspendedAt !== undefined;
    const after: MemberRecord = {
      ...kept,
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(address === undefined ? {} : { email: address }),
      ...linking.link,
      roles: [...roles],
      changedAt: now,
      ...(suspended ? { suspendedAt: suspendedAt ?? now } : {}),
    };
    const owners = ownerCount(before, after);
    const writes: TableWrite[] = [
      { kind: 'put', key, data: toJsonObject(after), condition: { kind: 'version', version: stored.version } },
      ...owners,
      ...roleCounts(tenantId, before.roles, after.roles),
      auditWrite({ clock, ids }, principal, {
        ...{ action: 'member.changed', target: memberId },
        detail: { ...factsOf(after), before: factsOf(before), emailChanged: before.email !== after.email },
      }),
      ...linking.writes,
    ];
    return (await took(table, writes, owners.length > 0 && !isActiveOwner(after))) ? after : undefined;
  });
}

/**
 * Removes a member with all of their keys, which end at once, and out of all of their teams.
 * @throws EngineError member.not_found, access.not_held, access.last_owner
 */
export async function removeMember(ports: MemberPorts, principal: Principal, memberId: string): Promise<void> {
  const { table } = ports;
  const { tenantId } = principal;
  const key = memberPlace(tenantId, memberId);
  await untilDone(async () => {
    const stored = await table.get(key);
    if (stored === undefined) throw missingMember();
    const before = recordOf(stored);
    needHolds(principal, await heldByMember(table, before));
    const { teams = [] } = before;
    const inTeams = teams.flatMap((team) => team.roles);
    const owners = ownerCount(before, undefined);
    const writes: TableWrite[] = [
      // Its version counts keys too: one that is made meanwhile fails this.
      { kind: 'delete', key, condition: { kind: 'version', version: stored.version } },
      ...owners,
      { kind: 'increment', key: countPlace(tenantId, 'members'), counter: 'count', by: -1, min: 0 },
      ...roleCounts(tenantId, [...before.roles, ...inTeams], []),
      ...teams.flatMap(({ teamId }) => leavingWrites(tenantId, teamId, memberId)),
      ...unlinkWrites(before),
      auditWrite(ports, principal, { action: 'member.removed', target: memberId, detail: factsOf(before) }),
    ];
    return (await took(table, writes, owners.length > 0)) ? true : undefined;
  });
  // No key is taken whose member is gone: what follows is tidying.
  await removeKeysOf(table, tenantId, memberId);
}

/** What the audit log tells of a member: no more of a person than their name, and who they are at the issuer. */
function factsOf({ kind, name, roles, suspendedAt, oidcSubject }: MemberRecord): JsonObject {
  const linked = oidcSubject === undefined ? {} : { oidcSubject };
  return { kind, name, roles, suspended: suspendedAt !== undefined, ...linked };
}

/** Makes the writes; false where somebody else was faster. @throws EngineError access.last_owner */
async function took(table: Table, writes: readonly TableWrite[], takesOwner: boolean): Promise<boolean> {
  try {
    await table.transact(writes);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (takesOwner && error.failed.includes(1) && !error.failed.includes(0)) {
      throw new EngineError('access.last_owner', 'This is the only person who is an owner and not suspended.');
    }
    return false;
  }
}

/** The write that keeps the number of owners, which never falls below one. */
function ownerCount(before: MemberRecord | undefined, after: MemberRecord | undefined): TableWrite[] {
  const [was, is] = [before, after].map((member) => member !== undefined && isActiveOwner(member));
  if (was === is) return [];
  const tenantId = (after ?? before)?.tenantId ?? '';
  return [{ kind: 'increment', key: countPlace(tenantId, 'owners'), counter: 'count', by: is ? 1 : -1, min: 1 }];
}

export function missingMember(): EngineError {
  return new EngineError('member.not_found', 'The tenant has no such member.');
}

import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import { isRangeWithin } from './address-ranges.ts';
import type { ApiKeyRecord } from './api-key.ts';
import { type Held, intersection, needHeld } from './grants.ts';
import { heldAnywhere, heldByMember, narrowed, needHolds } from './held.ts';
import { findApiKey, missingKey } from './key-repository.ts';
import { findMember, missingMember } from './member-repository.ts';
import type { Grant, Permission } from './permissions.ts';
import type { Principal } from './principal.ts';

/** What a member's roles hold; undefined where the member is gone. */
async function heldBy(table: Table, tenantId: string, memberId: string): Promise<Held | undefined> {
  const member = await findMember(table, tenantId, memberId);
  return member === undefined ? undefined : heldByMember(table, member);
}

/** Everybody looks after their own keys; those of others take a permission. @throws EngineError access.forbidden */
function needOwn(principal: Principal, memberId: string, permission: Permission): void {
  if (principal.memberId === memberId || principal.permissions.has(permission)) return;
  throw new EngineError('access.forbidden', `For the keys of others this needs the permission ${permission}.`);
}

/**
 * What somebody may make a key with, so that it is no way around what they hold:
 * - of their own: what their own key may do, from no other addresses, and to no later end;
 * - of somebody else: only who holds all that the member holds, since the key acts in the member's name. Without scopes
 *   it gets what the member holds now: else who made it would hold what the member is given later. What the member holds
 *   inside a team alone is to be held in the tenant, since scopes say of no team: the member may come into others.
 * @returns the scopes that the key gets
 * @throws EngineError access.forbidden, access.not_held, member.not_found
 */
export async function needMayMakeKey(
  table: Table,
  principal: Principal,
  wanted: Pick<ApiKeyRecord, 'memberId' | 'scopes' | 'addressRanges' | 'expiresAt'>,
): Promise<ApiKeyRecord['scopes']> {
  const { memberId, scopes } = wanted;
  needOwn(principal, memberId, 'keys:write');
  const held = await heldBy(table, principal.tenantId, memberId);
  if (held === undefined) throw missingMember();
  const anywhere = heldAnywhere(held);
  if (scopes !== undefined) needMemberHolds(anywhere, scopes);
  needNoWider(principal, wanted);
  if (principal.memberId === memberId) {
    // The caller's own key has what its scopes leave of the same: what of a scope it has nowhere, its scopes leave out.
    if (scopes === undefined) needHolds(principal, held);
    else needHeld({ grants: heldAnywhere(principal) }, scopes);
    return scopes;
  }
  needHeld(principal, anywhere);
  return scopes ?? [...anywhere].sort();
}

/** A scope that the member lacks would be silently without effect. @throws EngineError access.not_held */
function needMemberHolds(held: ReadonlySet<Grant>, scopes: readonly Grant[]): void {
  const covered = intersection(held, new Set(scopes));
  const lacking = scopes.filter((scope) => !covered.has(scope));
  if (lacking.length > 0) {
    throw new EngineError('access.not_held', `The roles of the key’s member do not hold ${lacking.join(', ')}.`);
  }
}

/** @throws EngineError access.not_held where a key is for more addresses, or lives longer, than the one that calls */
function needNoWider(
  { addressRanges: own, expiresAt: end }: Principal,
  { addressRanges, expiresAt }: Pick<ApiKeyRecord, 'addressRanges' | 'expiresAt'>,
): void {
  if (own !== undefined && !(addressRanges?.every((range) => isRangeWithin(range, own)) ?? false)) {
    throw new EngineError('access.not_held', `Your key is for ${own.join(', ')} alone: name these or fewer.`);
  }
  if (end !== undefined && (expiresAt === undefined || new Date(expiresAt) > new Date(end))) {
    throw new EngineError('access.not_held', `Your key ends at ${end}: name that end or an earlier one.`);
  }
}

/** Whose keys somebody sees: all, or their own. @throws EngineError access.forbidden */
export function seenMember(principal: Principal, wanted: string | undefined): string | undefined {
  if (wanted !== undefined) needOwn(principal, wanted, 'keys:read');
  return wanted ?? (principal.permissions.has('keys:read') ? undefined : principal.memberId);
}

/**
 * The key of the tenant that somebody wants to revoke: the one that they call with, one of their own that may no more, or
 * one of a member all of whose rights they hold.
 * @throws EngineError key.not_found, also for another tenant's; access.forbidden, access.not_held
 */
export async function needRevocableKey(table: Table, principal: Principal, keyId: string): Promise<ApiKeyRecord> {
  const record = await findApiKey(table, keyId);
  if (record === undefined || record.tenantId !== principal.tenantId) throw missingKey();
  needOwn(principal, record.memberId, 'keys:write');
  if (keyId === principal.keyId) return record;
  const held = await heldBy(table, record.tenantId, record.memberId);
  const own = principal.memberId === record.memberId;
  if (held !== undefined) needHolds(principal, own ? narrowed(held, record.scopes) : held);
  return record;
}

/**
 * The same of a key that is to be rotated, which gives its text away: it may be no wider than the one that calls, and of
 * somebody else it is one that the caller might make.
 * @returns the scopes of the key that follows it
 */
export async function needRotatableKey(
  table: Table,
  principal: Principal,
  keyId: string,
): Promise<ApiKeyRecord['scopes']> {
  const record = await needRevocableKey(table, principal, keyId);
  if (record.memberId !== principal.memberId) return needMayMakeKey(table, principal, record);
  needNoWider(principal, record);
  return record.scopes;
}

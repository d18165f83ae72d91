import { EngineError } from '../errors.ts';
import type { Table } from '../ports/table.ts';
import type { ApiKeyRecord } from './api-key.ts';
import { intersection, needHeld } from './grants.ts';
import { findApiKey, missingKey } from './key-repository.ts';
import { findMember, missingMember } from './member-repository.ts';
import type { Grant, Permission } from './permissions.ts';
import type { Principal } from './principal.ts';
import { grantsOfRoles } from './role-repository.ts';

/** What a member's roles hold; nothing where the member is gone. */
async function grantsOfMember(
  table: Table,
  tenantId: string,
  memberId: string,
): Promise<ReadonlySet<Grant> | undefined> {
  const member = await findMember(table, tenantId, memberId);
  return member === undefined ? undefined : grantsOfRoles(table, tenantId, member.roles);
}

/** Everybody looks after their own keys; those of others take a permission. @throws EngineError access.forbidden */
function needOwn(principal: Principal, memberId: string, permission: Permission): void {
  if (principal.memberId === memberId || principal.permissions.has(permission)) return;
  throw new EngineError('access.forbidden', `For the keys of others this needs the permission ${permission}.`);
}

/**
 * That somebody may make such a key: it would be a way around what they hold, if it might do more than their own key.
 * @throws EngineError access.forbidden, access.not_held, member.not_found
 */
export async function needMayMakeKey(
  table: Table,
  principal: Principal,
  { memberId, scopes }: Pick<ApiKeyRecord, 'memberId' | 'scopes'>,
): Promise<void> {
  needOwn(principal, memberId, 'keys:write');
  const held = await grantsOfMember(table, principal.tenantId, memberId);
  if (held === undefined) throw missingMember();
  if (scopes !== undefined) needMemberHolds(held, scopes);
  needHeld(principal, scopes ?? held);
}

/** A scope that the member lacks would be silently without effect. @throws EngineError access.not_held */
function needMemberHolds(held: ReadonlySet<Grant>, scopes: readonly Grant[]): void {
  const covered = intersection(held, new Set(scopes));
  const lacking = scopes.filter((scope) => !covered.has(scope));
  if (lacking.length > 0) {
    throw new EngineError('access.not_held', `The roles of the key’s member do not hold ${lacking.join(', ')}.`);
  }
}

/** Whose keys somebody sees: all, or their own. @throws EngineError access.forbidden */
export function seenMember(principal: Principal, wanted: string | undefined): string | undefined {
  if (wanted !== undefined) needOwn(principal, wanted, 'keys:read');
  return wanted ?? (principal.permissions.has('keys:read') ? undefined : principal.memberId);
}

/**
 * The key of the tenant that somebody wants to rotate or revoke, which takes that they hold what it may do. Revoking
 * the key that they call with they always may.
 * @throws EngineError key.not_found, also for another tenant's and where they may not see it; access.not_held
 */
export async function needManagedKey(table: Table, principal: Principal, keyId: string): Promise<ApiKeyRecord> {
  const record = await findApiKey(table, keyId);
  if (record === undefined || record.tenantId !== principal.tenantId) throw missingKey();
  if (record.memberId !== principal.memberId && !principal.permissions.has('keys:write')) throw missingKey();
  if (keyId === principal.keyId) return record;
  const held = (await grantsOfMember(table, record.tenantId, record.memberId)) ?? new Set<Grant>();
  needHeld(principal, record.scopes === undefined ? held : intersection(held, new Set(record.scopes)));
  return record;
}

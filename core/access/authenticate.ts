import { equalSecrets, type Sha256, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import { isInRanges } from './address-ranges.ts';
import { apiKeyRecordSchema, bearerToken, parseApiKey, stateOf } from './api-key.ts';
import { permissionsOf } from './grants.ts';
import { heldByMember, narrowed } from './held.ts';
import { findMember } from './member-repository.ts';
import { apiKeyPlace } from './places.ts';
import type { Principal } from './principal.ts';

/** Compared with where a key is unknown, so that the answer takes as long as for a known one. */
const noSecret: Sha256 = '0'.repeat(64);

/** What of a request says who calls. */
export interface Credentials {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** The address that the request came from; undefined where that is not known. */
  readonly sourceAddress: string | undefined;
  /** Names the request in the audit log. */
  readonly requestId: string;
}

/**
 * The principal behind a request. Key, member and roles are read anew each time: what was revoked, suspended or taken
 * away is so at the next request.
 * Whether the key may be used from where the request came from is for `needAddress`: that refusal has a name to it.
 * @throws EngineError access.unauthenticated, with one text for every cause: the caller learns nothing about keys
 */
export async function authenticate(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  { authorization, sourceAddress, requestId }: Credentials,
): Promise<Principal> {
  const presented = parseApiKey(bearerToken(authorization) ?? '');
  if (presented === undefined) throw refused();
  const stored = await table.get(apiKeyPlace(presented.keyId));
  const record = stored === undefined ? undefined : apiKeyRecordSchema.parse(stored.data);
  const matches = equalSecrets(sha256(presented.secret), record?.secretSha256 ?? noSecret);
  if (record === undefined || !matches || stateOf(record, clock.now()) !== 'live') throw refused();
  const { tenantId, memberId, keyId, scopes, addressRanges, expiresAt } = record;
  const member = await findMember(table, tenantId, memberId);
  if (member === undefined || member.suspendedAt !== undefined) throw refused();
  const held = narrowed(await heldByMember(table, member), scopes);
  return {
    ...{ tenantId, memberId, keyId, requestId, ...held, permissions: permissionsOf(held.grants) },
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    ...(addressRanges === undefined ? {} : { addressRanges }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** @throws EngineError access.address_refused where the key is for other addresses */
export function needAddress({ sourceAddress, addressRanges }: Principal): void {
  if (addressRanges === undefined || isInRanges(sourceAddress, addressRanges)) return;
  throw new EngineError('access.address_refused', 'The key may not be used from the address that this came from.');
}

function refused(): EngineError {
  return new EngineError('access.unauthenticated', 'The request carries no live API key.');
}

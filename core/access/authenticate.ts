import { equalSecrets, type Sha256, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Table } from '../ports/table.ts';
import type { TokenVerifier } from '../ports/token-verifier.ts';
import type { Installation } from '../tenancy/installation.ts';
import { isInRanges } from './address-ranges.ts';
import { apiKeyRecordSchema, bearerToken, parseApiKey, stateOf } from './api-key.ts';
import { type Held, permissionsOf } from './grants.ts';
import { heldByMember, narrowed } from './held.ts';
import { findMember } from './member-repository.ts';
import { apiKeyPlace } from './places.ts';
import type { Principal } from './principal.ts';
import { linkedMember } from './subject-links.ts';

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

/** What it takes to know who calls. Without `tokens` and an issuer that is configured, only keys are taken. */
export interface AuthenticationPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly tokens?: TokenVerifier | undefined;
  readonly installation?: Pick<Installation, 'oidc'>;
}

/**
 * The principal behind a request. Key, member and roles are read anew each time: what was revoked, suspended or taken
 * away is so at the next request.
 * Whether the key may be used from where the request came from is for `needAddress`: that refusal has a name to it.
 * @throws EngineError access.unauthenticated, with one text for every cause: the caller learns nothing about keys
 */
export async function authenticate(
  ports: AuthenticationPorts,
  { authorization, sourceAddress, requestId }: Credentials,
): Promise<Principal> {
  const text = bearerToken(authorization) ?? '';
  const presented = parseApiKey(text);
  if (presented === undefined) return ofToken(ports, text, { sourceAddress, requestId });
  const { table, clock } = ports;
  const stored = await table.get(apiKeyPlace(presented.keyId));
  const record = stored === undefined ? undefined : apiKeyRecordSchema.parse(stored.data);
  const matches = equalSecrets(sha256(presented.secret), record?.secretSha256 ?? noSecret);
  if (record === undefined || !matches || stateOf(record, clock.now()) !== 'live') throw refused();
  const { tenantId, memberId, keyId, scopes, addressRanges, expiresAt } = record;
  const held = narrowed(await heldByLiving(table, tenantId, memberId), scopes);
  return {
    ...{ tenantId, memberId, keyId, requestId, ...held, permissions: permissionsOf(held.grants) },
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    ...(addressRanges === undefined ? {} : { addressRanges }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** What a member holds. @throws EngineError access.unauthenticated where there is none, or a suspended one */
async function heldByLiving(table: Table, tenantId: string, memberId: string): Promise<Held> {
  const member = await findMember(table, tenantId, memberId);
  if (member === undefined || member.suspendedAt !== undefined) throw refused();
  return heldByMember(table, member);
}

/**
 * The principal behind a token of the issuer: the member that its subject is linked to, with all that their roles hold.
 * @throws EngineError access.unauthenticated; service.unavailable where the issuer's keys cannot be had
 */
async function ofToken(
  { table, tokens, installation }: AuthenticationPorts,
  text: string,
  { sourceAddress, requestId }: Omit<Credentials, 'authorization'>,
): Promise<Principal> {
  const oidc = installation?.oidc;
  // What looks like a key, and is none, is nothing that an issuer would have to be asked about.
  if (tokens === undefined || oidc === undefined || text.startsWith('lbk_')) throw refused();
  const verified = await tokens.verify(text);
  const link = verified === undefined ? undefined : await linkedMember(table, oidc, verified);
  if (link === undefined) throw refused();
  const { tenantId, memberId } = link;
  const held = await heldByLiving(table, tenantId, memberId);
  return {
    ...{ tenantId, memberId, keyId: tokenKeyId(memberId), requestId, ...held },
    permissions: permissionsOf(held.grants),
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
  };
}

/** What stands for a key where somebody came with a token: in the audit log, on their builds, for their rate. */
export const tokenKeyId = (memberId: string): string => memberId.replace(/^mem_/, 'oidc_');

/** @throws EngineError access.address_refused where the key is for other addresses */
export function needAddress({ sourceAddress, addressRanges }: Principal): void {
  if (addressRanges === undefined || isInRanges(sourceAddress, addressRanges)) return;
  throw new EngineError('access.address_refused', 'The key may not be used from the address that this came from.');
}

function refused(): EngineError {
  return new EngineError('access.unauthenticated', 'The request carries no live API key or token.');
}

import { z } from 'zod';
import type { TenantRecord } from '../tenancy/tenant.ts';
import { type ApiKeyRecord, keyStates, stateOf } from './api-key.ts';
import { type BuiltInRole, builtInRoles } from './built-in-roles.ts';
import { grantSchema } from './grants.ts';
import type { KeyUse } from './key-use.ts';
import { type MemberRecord, memberKinds } from './member-record.ts';
import type { RoleRecord } from './role-record.ts';

/** What the API shows of identity: never a secret, nor its hash. */

export const tenantViewSchema = z
  .strictObject({ tenantId: z.string(), name: z.string(), createdAt: z.string() })
  .meta({ id: 'Tenant' });

export const tenantView = ({ tenantId, name, createdAt }: TenantRecord) => ({ tenantId, name, createdAt });

export const memberViewSchema = z
  .strictObject({
    memberId: z.string(),
    kind: z.enum(memberKinds),
    name: z.string(),
    email: z.string().exactOptional(),
    roles: z.array(z.string()),
    teams: z
      .array(z.strictObject({ teamId: z.string(), roles: z.array(z.string()), addedAt: z.string() }))
      .exactOptional()
      .describe('What they are inside teams.'),
    oidcSubject: z.string().exactOptional().describe('Who they are at the issuer; absent: no token is theirs.'),
    suspendedAt: z.string().exactOptional().describe('Since when no key of theirs is taken; absent: never.'),
    addedBy: z.string().exactOptional().describe('Who took them in, where that is known.'),
    createdAt: z.string(),
    changedAt: z.string(),
  })
  .meta({ id: 'Member' });

export function memberView({ tenantId: _, oidcLink: __, ...member }: MemberRecord): z.input<typeof memberViewSchema> {
  return member;
}

export const roleViewSchema = z
  .strictObject({
    name: z.string(),
    builtIn: z.boolean(),
    description: z.string(),
    grants: z.array(grantSchema),
    createdAt: z.string().exactOptional().describe('Of a role of the tenant’s own.'),
    changedAt: z.string().exactOptional(),
  })
  .meta({ id: 'Role' });

export function roleView({ tenantId: _, ...role }: RoleRecord): z.input<typeof roleViewSchema> {
  return { ...role, builtIn: false };
}

export function builtInRoleView(name: BuiltInRole): z.input<typeof roleViewSchema> {
  const { description, grants } = builtInRoles[name];
  return { name, builtIn: true, description, grants: [...grants].sort() };
}

export const apiKeyViewSchema = z
  .strictObject({
    keyId: z.string(),
    memberId: z.string(),
    name: z.string(),
    state: z.enum(keyStates),
    scopes: z.array(grantSchema).exactOptional().describe('All that it may; absent: all that its member may.'),
    addressRanges: z.array(z.string()).exactOptional().describe('Where it may be used from; absent: everywhere.'),
    createdAt: z.string(),
    expiresAt: z.string().exactOptional(),
    revokedAt: z.string().exactOptional(),
    replaces: z.string().exactOptional().describe('The key that this one was made to follow.'),
    replacedBy: z.string().exactOptional().describe('The key that was made to follow this one.'),
    lastUsedAt: z.string().exactOptional().describe('To ten minutes.'),
    lastUsedFrom: z.string().exactOptional().describe('The address that it was used from then.'),
  })
  .meta({ id: 'ApiKey' });

export function apiKeyView(
  { tenantId: _, secretSha256: __, ...key }: ApiKeyRecord,
  now: Date,
  use?: KeyUse,
): z.input<typeof apiKeyViewSchema> {
  return {
    ...key,
    state: stateOf(key, now),
    ...(use === undefined ? {} : { lastUsedAt: use.usedAt }),
    ...(use?.address === undefined ? {} : { lastUsedFrom: use.address }),
  };
}

/** A key that was just made: the only answer that has its text. */
export const madeKeySchema = z
  .strictObject({
    key: apiKeyViewSchema,
    text: z
      .string()
      .exactOptional()
      .describe('The key itself, shown in this answer and never again; absent where the call was only repeated.'),
  })
  .meta({ id: 'MadeApiKey' });

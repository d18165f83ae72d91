import { z } from 'zod';
import { equalSecrets, type Sha256, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';
import { type Permission, permissions, type RoleName, roles } from './permissions.ts';
import type { Principal } from './principal.ts';

/** 32 random bytes in base64url: no guess succeeds, so a plain SHA-256 protects it as well as a slow hash would. */
const secretBytes = 32;
const keyPattern = /^lbk_([0-9A-Za-z]{26})_([A-Za-z0-9_-]{43})$/;

/** An API key as its caller sends it: `lbk_<id>_<secret>`. `keyId` is the id with its type prefix, `key_<id>`. */
export interface ApiKeyText {
  readonly keyId: string;
  readonly secret: string;
}

/** Reads an API key's text; undefined where it has not the form of one. */
export function parseApiKey(text: string): ApiKeyText | undefined {
  const match = keyPattern.exec(text);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { keyId: `key_${match[1]}`, secret: match[2] };
}

/** Writes an API key as its caller keeps it. */
export function formatApiKey(key: ApiKeyText): string {
  return `lbk_${key.keyId.replace(/^key_/, '')}_${key.secret}`;
}

/** A stored key: its secret's SHA-256 only. A key may do what its role may, and with `scopes` only those of it. */
export const apiKeyRecordSchema = z.strictObject({
  keyId: z.string(),
  tenantId: z.string(),
  name: z.string().min(1).max(100),
  role: z.enum(Object.keys(roles) as [RoleName, ...RoleName[]]),
  scopes: z.array(z.enum(permissions)).exactOptional(),
  secretSha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().exactOptional(),
  revokedAt: z.iso.datetime().exactOptional(),
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecordSchema>;

/** Place of a key's record in the table. */
export function apiKeyPlace(keyId: string): TableKey {
  return { partition: `KEY#${keyId}`, sort: 'KEY' };
}

/**
 * Makes a new key for a tenant and the write that stores it, so that the caller's transaction can hold more than
 * the key. The text is shown once and kept nowhere.
 */
export function newApiKey(
  clock: Clock,
  ids: Ids,
  options: {
    readonly tenantId: string;
    readonly name: string;
    readonly role: RoleName;
    readonly scopes?: readonly Permission[];
    readonly expiresAt?: Date;
  },
): { readonly text: string; readonly record: ApiKeyRecord; readonly write: TableWrite } {
  const keyId = ids.next('key');
  const secret = ids.secret(secretBytes);
  const record: ApiKeyRecord = {
    keyId,
    tenantId: options.tenantId,
    name: options.name,
    role: options.role,
    secretSha256: sha256(secret),
    createdAt: clock.now().toISOString(),
    ...(options.scopes === undefined ? {} : { scopes: [...options.scopes] }),
    ...(options.expiresAt === undefined ? {} : { expiresAt: options.expiresAt.toISOString() }),
  };
  const write: TableWrite = {
    kind: 'put',
    key: apiKeyPlace(keyId),
    data: record,
    indexes: { byTenant: { partition: `TENANT#${options.tenantId}#KEYS`, sort: keyId } },
    condition: { kind: 'absent' },
  };
  return { text: formatApiKey({ keyId, secret }), record, write };
}

/** Makes and stores a key; answers its text, which nobody can read again. */
export async function createApiKey(
  table: Table,
  clock: Clock,
  ids: Ids,
  options: Parameters<typeof newApiKey>[2],
): Promise<{ readonly text: string; readonly record: ApiKeyRecord }> {
  const { text, record, write } = newApiKey(clock, ids, options);
  await table.transact([write]);
  return { text, record };
}

/** Ends a key at once. Revoking a revoked or unknown key changes nothing. */
export async function revokeApiKey(table: Table, clock: Clock, keyId: string): Promise<void> {
  const stored = await table.get(apiKeyPlace(keyId));
  if (stored === undefined) return;
  const record = apiKeyRecordSchema.parse(stored.data);
  if (record.revokedAt !== undefined) return;
  await table.transact([
    {
      kind: 'put',
      key: stored.key,
      data: { ...record, revokedAt: clock.now().toISOString() },
      indexes: stored.indexes,
      condition: { kind: 'version', version: stored.version },
    },
  ]);
}

/** Compared with where a key is unknown, so that the answer takes as long as for a known one. */
const noSecret: Sha256 = '0'.repeat(64);

/**
 * The principal behind an `Authorization` header.
 * @throws EngineError access.unauthenticated, with one text for every cause: the caller learns nothing about keys.
 */
export async function authenticate(table: Table, clock: Clock, header: string | undefined): Promise<Principal> {
  const presented = parseApiKey(bearerToken(header) ?? '');
  if (presented === undefined) throw refused();
  const stored = await table.get(apiKeyPlace(presented.keyId));
  const record = stored === undefined ? undefined : apiKeyRecordSchema.parse(stored.data);
  const matches = equalSecrets(sha256(presented.secret), record?.secretSha256 ?? noSecret);
  if (record === undefined || !matches || !isLive(record, clock.now())) throw refused();
  const granted: readonly Permission[] = roles[record.role];
  const scopes = record.scopes;
  return {
    tenantId: record.tenantId,
    keyId: record.keyId,
    permissions: new Set(scopes === undefined ? granted : granted.filter((permission) => scopes.includes(permission))),
  };
}

/** The token of `Authorization: Bearer <token>`; undefined where the header is absent or of another form. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1];
}

function isLive(record: ApiKeyRecord, now: Date): boolean {
  if (record.revokedAt !== undefined) return false;
  return record.expiresAt === undefined || new Date(record.expiresAt) > now;
}

function refused(): EngineError {
  return new EngineError('access.unauthenticated', 'The request carries no live API key.');
}

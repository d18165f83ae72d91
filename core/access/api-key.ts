import { z } from 'zod';
import { type Sha256, sha256 } from '../digest.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { networkSchema } from './address-ranges.ts';
import { grantSchema } from './grants.ts';
import { accessLimits } from './limits.ts';
import { grants } from './permissions.ts';

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

/** The token of `Authorization: Bearer <token>`; undefined where the header is absent or of another form. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(header ?? '')?.[1];
}

export const keyIdSchema = z.string().regex(/^key_[0-9A-Z]{26}$/);

export const keyNameSchema = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N} .'_-]{0,99}$/u)
  .describe('What it is for: 1 to 100 letters, digits, spaces, dots, apostrophes, underscores, hyphens.');

export const scopesSchema = z
  .array(grantSchema)
  .min(1)
  .max(grants.length)
  .transform((list) => [...new Set(list)].sort())
  .describe('All that the key may do of what its member may. Without scopes it may all of that.');

export const addressRangesSchema = z
  .array(networkSchema)
  .min(1)
  .max(accessLimits.addressRanges)
  .describe('Addresses, or networks as ADDRESS/PREFIX, that the key may be used from. Without any: from everywhere.');

/** A stored key: its secret's SHA-256 only. It is its member's, and may what the member may, or the scopes of it. */
export const apiKeyRecordSchema = z.strictObject({
  keyId: keyIdSchema,
  tenantId: z.string(),
  memberId: z.string(),
  name: keyNameSchema,
  scopes: z.array(grantSchema).exactOptional(),
  addressRanges: z.array(networkSchema).exactOptional(),
  secretSha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().exactOptional(),
  revokedAt: z.iso.datetime().exactOptional(),
  /** The key that this one was made to follow, and the one that follows this. */
  replaces: keyIdSchema.exactOptional(),
  replacedBy: keyIdSchema.exactOptional(),
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecordSchema>;

/** What a key is made with. */
export type ApiKeyContent = Pick<
  ApiKeyRecord,
  'tenantId' | 'memberId' | 'name' | 'scopes' | 'addressRanges' | 'expiresAt' | 'replaces'
>;

/** A key with a fresh secret, and its text, which is shown once and kept nowhere. */
export function generateApiKey(
  clock: Clock,
  ids: Ids,
  content: ApiKeyContent,
): { readonly text: string; readonly record: ApiKeyRecord } {
  const keyId = ids.next('key');
  const secret = ids.secret(secretBytes);
  const hash: Sha256 = sha256(secret);
  return {
    text: formatApiKey({ keyId, secret }),
    record: { ...content, keyId, secretSha256: hash, createdAt: clock.now().toISOString() },
  };
}

export const keyStates = ['live', 'expired', 'revoked'] as const;

/** How a key stands at an instant. */
export function stateOf(record: Pick<ApiKeyRecord, 'revokedAt' | 'expiresAt'>, now: Date): (typeof keyStates)[number] {
  if (record.revokedAt !== undefined) return 'revoked';
  return record.expiresAt === undefined || new Date(record.expiresAt) > now ? 'live' : 'expired';
}

import { z } from 'zod';

/** An issuer as OpenID Connect Discovery names it: an address without query, fragment and password. */
const issuerSchema = z
  .url({ protocol: /^https?$/, error: 'not an https address' })
  .max(512)
  .refine((text) => !/[?#@]/.test(text), 'an address without query, fragment and password')
  .refine(
    (text) => text.startsWith('https:') || ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(text).hostname),
    'an https address, or one of this machine',
  );

const claimSchema = z.string().regex(/^[A-Za-z0-9_:/.-]{1,256}$/, 'not the name of a claim');

/** Whose JWTs are taken beside API keys, and how they name who calls. */
export const oidcSettings = {
  /** `iss`, exactly. */
  issuer: issuerSchema,
  /** What `aud` must be, or hold. */
  audience: z.string().regex(/^[\x21-\x7e]{1,512}$/, 'not 1 to 512 visible ASCII characters'),
  /** A claim that must be the id of the caller's tenant; absent: whom a subject is linked to says it. */
  tenantClaim: claimSchema.optional(),
} as const;

export const oidcSchema = z.strictObject(oidcSettings);
export type OidcSettings = z.infer<typeof oidcSchema>;

/**
 * The settings as configuration gives them, one by one.
 * @returns undefined where there are none; `missing` is what is not given of them
 */
export function oidcOf(given: {
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly tenantClaim?: string | undefined;
}): OidcSettings | undefined {
  const { issuer, audience, tenantClaim } = given;
  if (issuer === undefined || audience === undefined) return undefined;
  return { issuer, audience, ...(tenantClaim === undefined ? {} : { tenantClaim }) };
}

/** Whether issuer and audience are given both or neither, and no claim without them. */
export function isWholeOidc(given: Readonly<Partial<Record<keyof OidcSettings, string | undefined>>>): boolean {
  const { issuer, audience, tenantClaim } = given;
  return (issuer === undefined) === (audience === undefined) && (tenantClaim === undefined || issuer !== undefined);
}

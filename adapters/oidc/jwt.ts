import { constants, createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import { tryJson } from '../../core/json.ts';

/** Signatures that are taken (RFC 7518, RFC 8037). None has a secret that somebody else could hold, and `none` is no signature. */
export const algorithms = ['RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof algorithms)[number];

/** Longer ones would not fit into the headers of a request anyway. */
export const mostTokenCharacters = 8_192;

/** Bits of an RSA modulus below which a key is not taken (RFC 7518, section 3.3). */
const leastModulusBits = 2_048;

/** The header of a token. `crit` asks for what nobody here understands; keys that it carries itself vouch for nothing. */
const headerSchema = z.looseObject({
  alg: z.enum(algorithms),
  kid: z.string().min(1).max(256),
  typ: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['jwt', 'at+jwt', 'application/at+jwt']))
    .optional(),
  crit: z.never().optional(),
});

const instant = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const claimsSchema = z.looseObject({
  iss: z.string(),
  sub: z.string().regex(/^[\x20-\x7e]{1,255}$/),
  aud: z.union([z.string(), z.array(z.string()).max(100)]),
  exp: instant,
  nbf: instant.optional(),
  iat: instant.optional(),
});
export type Claims = z.infer<typeof claimsSchema>;

/** A token in its parts, of which nothing is believed yet. */
export interface ParsedToken {
  readonly algorithm: Algorithm;
  readonly keyId: string;
  readonly claims: Claims;
  /** What the signature is over. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Bytes of base64url without padding; undefined where a text is none, or not the one text of its bytes. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

const jsonOf = (bytes: Buffer | undefined): unknown => (bytes === undefined ? undefined : tryJson(bytes.toString()));

/** Reads a signed token in compact form; undefined where it is none that could ever be taken. */
export function parseToken(token: string): ParsedToken | undefined {
  if (token.length > mostTokenCharacters) return undefined;
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const [header = '', payload = '', last = ''] = parts;
  const read = headerSchema.safeParse(jsonOf(decode(header)));
  const claims = claimsSchema.safeParse(jsonOf(decode(payload)));
  const signature = decode(last);
  if (!read.success || !claims.success || signature === undefined) return undefined;
  return {
    ...{ algorithm: read.data.alg, keyId: read.data.kid, claims: claims.data, signature },
    signed: Buffer.from(`${header}.${payload}`, 'ascii'),
  };
}

const jwkSchema = z.looseObject({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: z.string().min(1).max(256),
  alg: z.string().optional(),
  use: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  crv: z.string().optional(),
});

/** A key of the issuer: it verifies signatures of one algorithm alone, whatever a token says. */
export interface IssuerKey {
  readonly keyId: string;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/** A key of a JWK set that signs tokens; undefined where it is for something else, or none that is taken. */
export function issuerKeyOf(value: unknown): IssuerKey | undefined {
  const read = jwkSchema.safeParse(value);
  if (!read.success) return undefined;
  const { kty, kid, alg, use, key_ops: operations, crv } = read.data;
  const algorithm = {
    RSA: 'RS256',
    EC: crv === 'P-256' ? 'ES256' : undefined,
    OKP: crv === 'Ed25519' ? 'EdDSA' : undefined,
  }[kty] as Algorithm | undefined;
  const named = kty === 'OKP' && alg === 'Ed25519' ? 'EdDSA' : alg;
  if (algorithm === undefined || (named !== undefined && named !== algorithm)) return undefined;
  if ((use !== undefined && use !== 'sig') || (operations !== undefined && !operations.includes('verify')))
    return undefined;
  try {
    const key = createPublicKey({ key: read.data as JsonWebKey, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    if (kty === 'RSA' && (bits === undefined || bits < leastModulusBits)) return undefined;
    return { keyId: kid, algorithm, key };
  } catch {
    return undefined;
  }
}

/** Whether a key of the issuer has signed a token. The key says how, not the token. */
export function isSignedBy({ algorithm, signed, signature }: ParsedToken, by: IssuerKey): boolean {
  if (algorithm !== by.algorithm) return false;
  switch (by.algorithm) {
    case 'RS256':
      return verify('sha256', signed, { key: by.key, padding: constants.RSA_PKCS1_PADDING }, signature);
    case 'ES256':
      return verify('sha256', signed, { key: by.key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'EdDSA':
      return verify(null, signed, by.key, signature);
  }
}

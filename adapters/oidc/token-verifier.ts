import type { Clock } from '../../core/ports/clock.ts';
import type { TokenVerifier } from '../../core/ports/token-verifier.ts';
import type { OidcSettings } from '../../core/wiring/oidc.ts';
import type { WebFetch } from '../network/web-fetch.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { type Claims, isSignedBy, parseToken } from './jwt.ts';

/** Seconds by which the clocks of issuer and engine may differ. */
const leeway = 60;

/** Verifies the JWTs of an issuer by the keys that it publishes (OpenID Connect Discovery 1.0, RFC 7517, RFC 7519). */
export function createTokenVerifier(
  { issuer, audience }: Pick<OidcSettings, 'issuer' | 'audience'>,
  parts: {
    readonly fetch: WebFetch;
    readonly clock: Clock;
    readonly log: (message: string, facts: Readonly<Record<string, string | number>>) => void;
  },
): TokenVerifier {
  const keys = createIssuerKeys({ issuer, ...parts });
  return {
    async verify(text) {
      const token = parseToken(text);
      // Claims first: whoever sends tokens of others, or old ones, causes no request to the issuer.
      if (token === undefined || !isMeant(token.claims, issuer, audience, parts.clock.now())) return undefined;
      const key = await keys.find(token.keyId);
      if (key === undefined || !isSignedBy(token, key)) return undefined;
      return { subject: token.claims.sub, claims: token.claims };
    },
  };
}

/** Whether a token is of this issuer, for this audience and for now. */
function isMeant({ iss, aud, exp, nbf, iat }: Claims, issuer: string, audience: string, at: Date): boolean {
  const now = at.getTime() / 1_000;
  const lives = now < exp + leeway && (nbf ?? 0) <= now + leeway && (iat ?? 0) <= now + leeway;
  return lives && iss === issuer && (aud === audience || (Array.isArray(aud) && aud.includes(audience)));
}

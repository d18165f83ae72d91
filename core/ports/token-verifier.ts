/** What an issuer vouches for, once its signature is found right. */
export interface VerifiedToken {
  /** Who it is of, as the issuer names them: 1 to 255 characters. */
  readonly subject: string;
  /** All claims. They are the issuer's word and come from outside: whoever reads one checks what it is. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Verifies tokens (JWTs, RFC 7519) of the one issuer that the operator names. */
export interface TokenVerifier {
  /**
   * What a token says; undefined where it is none of this issuer for this audience, or does not live.
   * @throws EngineError service.unavailable where the issuer's keys cannot be had
   */
  verify(token: string): Promise<VerifiedToken | undefined>;
}

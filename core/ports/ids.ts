/** Identity and randomness, injected so that simulations and tests own them. */
export interface Ids {
  /** A new sortable id: `<prefix>_` + 26 characters of Crockford base 32 (48 bits of milliseconds, 80 random bits; ULID). */
  next(
    prefix:
      | 'bld'
      | 'ten'
      | 'mem'
      | 'team'
      | 'key'
      | 'aud'
      | 'evt'
      | 'req'
      | 'tsk'
      | 'tpl'
      | 'apr'
      | 'whk'
      | 'hld'
      | 'cln'
      | 'scn',
  ): string;
  /** That many random bytes as unpadded base64url. */
  secret(bytes: number): string;
}

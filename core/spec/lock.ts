import { patternText } from './refusal.ts';

/** Names the lock that a build is made from. The lock itself may be larger than a spec: the engine keeps it. */
export const lockField = patternText({
  pattern: /^[0-9a-f]{64}$/,
  maxLength: 64,
  what: 'the digest of a lock',
  remedy: 'Give the SHA-256 of the lock’s file, as `lbuild lock` and POST /v1/locks answer it.',
}).describe('SHA-256 of the lock to build from: packages of exactly its versions and digests, and no others.');

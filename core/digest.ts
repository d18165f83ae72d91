import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A value that JSON can carry without loss. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** SHA-256 in lower-case hexadecimal, 64 characters. */
export type Sha256 = string;

/** SHA-256 of bytes or of a string's UTF-8, in lower-case hexadecimal. */
export function sha256(data: string | Uint8Array): Sha256 {
  return createHash('sha256').update(data).digest('hex');
}

/** SHA-256 of bytes that come in pieces. */
export function startSha256(): { update(piece: Uint8Array): void; digest(): Sha256 } {
  const hash = createHash('sha256');
  return { update: (piece) => void hash.update(piece), digest: () => hash.digest('hex') };
}

/**
 * JSON with object keys in code-unit order and no white space, so that equal values have equal text (the idea of
 * RFC 8785; numbers are written as ECMAScript writes them, as there). Members that are undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('canonical JSON holds finite numbers only');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((entry) => canonicalJson(entry)).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
}

/** SHA-256 of a value's canonical JSON. */
export function digestOf(value: unknown): Sha256 {
  return sha256(canonicalJson(value));
}

/** Compares two digests or secrets in a time that tells nothing of where they differ. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(a), 'hex'), Buffer.from(sha256(b), 'hex'));
}

/** HMAC-SHA-256 of a text under a key, as unpadded base64url. */
export function signText(text: string, key: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** HMAC-SHA-256 of a text under a key of bytes, in base64. */
export function hmacSha256(text: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(text).digest('base64');
}

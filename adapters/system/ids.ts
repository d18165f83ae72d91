import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/ports/clock.ts';
import type { Ids } from '../../core/ports/ids.ts';

/** Crockford's base 32, as ULIDs are written: no I, L, O, U, so that an id survives being read aloud. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Digits of base 32, most significant first. */
function base32(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value, left = digits; left > 0; left -= 1, rest >>= 5n) {
    text = alphabet.charAt(Number(rest & 31n)) + text;
  }
  return text;
}

/**
 * Ids and secrets from the machine's random source; the time part of an id comes from the clock.
 * @param random that many random bytes; the default is node:crypto's.
 */
export function createIds(
  clock: Clock,
  random: (bytes: number) => Uint8Array = (bytes) => Uint8Array.from(randomBytes(bytes)),
): Ids {
  return {
    next: (prefix) => {
      const time = base32(BigInt(clock.now().getTime()), 10);
      const entropy = base32(BigInt(`0x${Buffer.from(random(10)).toString('hex')}`), 16);
      return `${prefix}_${time}${entropy}`;
    },
    secret: (bytes) => Buffer.from(random(bytes)).toString('base64url'),
  };
}

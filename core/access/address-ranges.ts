import { z } from 'zod';
import { isAmong } from '../network-address.ts';
import { readAddress, readNetwork } from '../spec/configuration/addresses.ts';

/** An address or a network, `203.0.113.7` or `2001:db8::/32`. */
export const networkSchema = z
  .string()
  .max(64)
  .refine((text) => readNetwork(text) !== undefined, 'not an IP address or a network as ADDRESS/PREFIX');

/**
 * Whether an address is in one of the ranges. One of IPv4 that a socket shows as one of IPv6 (`::ffff:203.0.113.7`) is
 * that of IPv4; one that cannot be read is in none.
 */
export function isInRanges(address: string | undefined, ranges: readonly string[]): boolean {
  const read = readAddress((address ?? '').replace(/^::ffff:(?=[0-9.]+$)/i, ''));
  return (
    read !== undefined &&
    isAmong(
      read,
      ranges.flatMap((range) => readNetwork(range) ?? []),
    )
  );
}

/** Whether every address of a range is in one of others. */
export function isRangeWithin(range: string, others: readonly string[]): boolean {
  const inner = readNetwork(range);
  if (inner === undefined) return false;
  const wider = others.flatMap((other) => readNetwork(other) ?? []).filter(({ prefix }) => prefix <= inner.prefix);
  return isAmong(inner, wider);
}

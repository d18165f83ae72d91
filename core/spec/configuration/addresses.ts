import { quoted } from '../../text.ts';
import type { Refusal } from '../refusal.ts';

/** An IP address as a number of 32 or 128 bits. */
export interface Address {
  readonly family: 'ip' | 'ip6';
  readonly bits: bigint;
}

/** The addresses whose first `prefix` bits are those of `bits`; the others of `bits` are 0. */
export interface Network extends Address {
  readonly prefix: number;
}

const widths = { ip: 32, ip6: 128 } as const;

function ipv4Bits(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

/** RFC 4291 2.2 without the form that ends in an IPv4 address. */
function ipv6Bits(text: string): bigint | undefined {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [left = [], right = []] = halves;
  const given = left.length + right.length;
  if (halves.length > 2 || (halves.length === 1 ? given !== 8 : given > 7)) return undefined;
  if (![...left, ...right].every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined;
  const zeros = Array.from({ length: 8 - given }, () => '0');
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/** Reads an IPv4 or IPv6 address without a zone; undefined where the text is none. */
export function readAddress(text: string): Address | undefined {
  const ip = ipv4Bits(text);
  if (ip !== undefined) return { family: 'ip', bits: ip };
  const ip6 = ipv6Bits(text);
  return ip6 === undefined ? undefined : { family: 'ip6', bits: ip6 };
}

function addressText({ family, bits }: Address): string {
  const [size, count, base] = family === 'ip' ? ([8n, 4, 10] as const) : ([16n, 8, 16] as const);
  const parts = Array.from({ length: count }, (_, index) =>
    ((bits >> (size * BigInt(count - 1 - index))) & ((1n << size) - 1n)).toString(base),
  );
  return parts.join(family === 'ip' ? '.' : ':');
}

/**
 * Reads an address, or a network in the form ADDRESS/PREFIX (CIDR). Bits behind the prefix are cleared.
 * @returns undefined where the text is none
 */
export function readNetwork(text: string): Network | undefined {
  const [addressPart = '', prefixPart, ...rest] = text.split('/');
  const address = readAddress(addressPart);
  if (address === undefined || rest.length > 0) return undefined;
  const width = widths[address.family];
  if (prefixPart === undefined) return { ...address, prefix: width };
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(prefixPart) || Number(prefixPart) > width) return undefined;
  const prefix = Number(prefixPart);
  const behind = BigInt(width - prefix);
  return { ...address, bits: (address.bits >> behind) << behind, prefix };
}

/** The one form in which equal networks are equal texts. */
export function networkText(network: Network): string {
  return `${addressText(network)}/${network.prefix}`;
}

/** Judges a network: an address, or a prefix of addresses without bits behind it. */
export function networkRefusal(text: string): Refusal | undefined {
  const network = readNetwork(text);
  if (network === undefined) {
    return {
      code: 'spec.invalid_value',
      reason: `${quoted(text)} is no network of IPv4 or IPv6`,
      remedy: 'Give an address, or a network such as 192.0.2.0/24 or 2001:db8::/32.',
    };
  }
  if (readAddress(text.split('/')[0] ?? '')?.bits === network.bits) return undefined;
  return {
    code: 'spec.invalid_value',
    reason: `${quoted(text)} has bits behind its prefix, so it is unclear which network is meant`,
    remedy: `Write ${networkText(network)} for the network, or the address alone.`,
  };
}

import { z } from 'zod';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const form = new RegExp(`^${label}(?:\\.${label})*$`);

/**
 * Whether a text is the name of a host exactly as the address of a page on it names it: lower case, letters of other
 * scripts in punycode, no dot at the end, no port. IP addresses are none, however they are spelled: they would be judged
 * by no name.
 */
export function isFetchHost(text: string): boolean {
  if (text.length > 253 || !form.test(text)) return false;
  // What an address makes an IP address of (127.1, 0x7f000001), it changes, or ends in a number.
  return URL.parse(`https://${text}/`)?.hostname === text && !/(?:^|\.)\d+$/.test(text);
}

/** A host that a plugin may ask. */
export const fetchHostSchema = z
  .string()
  .refine(isFetchHost, 'must be the name of a host as addresses have it, such as api.example.com');

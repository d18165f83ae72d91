import { z } from 'zod';

/** Files that are mirrored at most: a distribution needs two or three. */
const mostSources = 16;

const addressesIn = (text: string): string[] => text.split(',').map((address) => address.trim());

const sourcesOf = (protocols: RegExp, what: string) =>
  z
    .string()
    .max(8_192)
    .refine((text) => {
      const addresses = addressesIn(text);
      return addresses.length <= mostSources && new Set(addresses).size === addresses.length;
    }, `more than ${mostSources} addresses, or one of them twice`)
    .refine(
      (text) => addressesIn(text).every((address) => isAddress(address, protocols)),
      `not addresses (${what}), without a password, parted by commas`,
    )
    .transform(addressesIn);

function isAddress(text: string, protocols: RegExp): boolean {
  const url = URL.parse(text);
  // A password would be shown with the state of the data.
  return url !== null && protocols.test(url.protocol) && url.username === '' && url.password === '';
}

/**
 * Addresses of vulnerability data as configuration writes them, parted by commas; a comma of an address is `%2C`. Files of
 * a function's own machine are nobody's data.
 */
export const webSourcesSchema = sourcesOf(/^https?:$/, 'http or https');

/** The same on one machine, which has files too: `file:///srv/mirror/tracker.json`. */
export const mirrorSourcesSchema = sourcesOf(/^(?:https?|file):$/, 'http, https or file');

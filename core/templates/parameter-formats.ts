import { z } from 'zod';
import { readAddress } from '../spec/configuration/addresses.ts';
import { imagePathRefusal } from '../spec/image-path.ts';
import { hostnameRefusal } from '../spec/system.ts';

const email = z.email();
/** Characters of an address: what SMTP takes (RFC 5321). Longer ones are not even looked at. */
const longestEmail = 254;
const webAddress = z.url({ protocol: /^https?$/ });

/**
 * Forms that a text may be asked to have. They are a fixed set, each judged in a time linear in the text, in place of
 * patterns of the author's own: those would run against texts of strangers, and the check of the expanded spec judges each
 * field by the field's own rule anyway.
 */
const formats = {
  name: {
    what: 'lower-case letters, digits and inner hyphens',
    holds: (text) => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(text),
  },
  hostname: { what: 'a host name', holds: (text) => hostnameRefusal(text) === undefined },
  path: { what: 'an absolute path in its normal form', holds: (text) => imagePathRefusal(text) === undefined },
  ip: { what: 'an IP address', holds: (text) => readAddress(text) !== undefined },
  email: { what: 'an e-mail address', holds: (text) => text.length <= longestEmail && email.safeParse(text).success },
  url: { what: 'an http or https address', holds: (text) => webAddress.safeParse(text).success },
} as const satisfies Record<string, { readonly what: string; readonly holds: (text: string) => boolean }>;

export type ParameterFormat = keyof typeof formats;

export const parameterFormats = Object.keys(formats) as [ParameterFormat, ...ParameterFormat[]];

/** What a text is not, where it has not the form; undefined where it has. */
export function formatRefusal(format: ParameterFormat, text: string): string | undefined {
  const { what, holds } = formats[format];
  return holds(text) ? undefined : what;
}

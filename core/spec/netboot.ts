import { z } from 'zod';
import { patternText } from './refusal.ts';

/** From 1 to 65535. */
const port = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const hostLabel = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
/** Parts of a path without what a script of iPXE, the kernel's line or the scripts of live-boot would take apart. */
const pathPart = '[A-Za-z0-9._~%+-]+';

/** Options of a network boot. */
export const netbootFields = {
  baseUrl: patternText({
    pattern: new RegExp(`^https?://${hostLabel}(?:\\.${hostLabel})*(?::${port})?(?:/${pathPart})*/?$`),
    maxLength: 200,
    what: 'an address that a starting machine can fetch from',
    remedy:
      'Give http://HOST[:PORT]/FOLDER or https://…, of letters, digits and . _ ~ % + -, without a question mark or a user.',
  })
    .optional()
    .describe(
      'Address of the folder that the files are served from, by http, or by https, whose certificate nobody checks. Omitted: boot.ipxe asks iPXE where it has the script from.',
    ),
  compressionLevel: z
    .int()
    .min(1)
    .max(22)
    .optional()
    .describe('Level of zstd for the tree. A higher one takes longer and makes it smaller. Omitted: 3.'),
};

/** An address with the one slash at its end that names are put behind. */
export function folderUrl(address: string): string {
  return address.endsWith('/') ? address : `${address}/`;
}

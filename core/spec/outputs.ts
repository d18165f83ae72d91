import { z } from 'zod';
import { patternText } from './refusal.ts';
import type { OutputType } from './releases.ts';

/** Longest volume label of ISO 9660, and its characters (d-characters). */
const LONGEST_LABEL = 32;

/** The volume label that a name gives: `edge-web` becomes EDGE_WEB. */
export function labelOf(name: string): string {
  return name.toUpperCase().replaceAll('-', '_').slice(0, LONGEST_LABEL);
}

const isoOutputSchema = z
  .strictObject({
    type: z.literal('iso').describe('Live ISO image that boots with BIOS and UEFI, from disc and from USB.'),
    label: patternText({
      pattern: /^[A-Z0-9_]+$/,
      maxLength: LONGEST_LABEL,
      what: 'a volume label',
      remedy: `Use up to ${LONGEST_LABEL} upper-case letters, digits and \`_\`.`,
    })
      .optional()
      .describe('Volume label. Omitted: the name of the spec in upper case.'),
  })
  .describe('An ISO image.');

const tarOutputSchema = z
  .strictObject({ type: z.literal('tar').describe('The file tree as a tar archive, compressed with zstd.') })
  .describe('A tar archive.');

/** An output to make; each member's `type` is one of `outputTypes`. */
export const outputSchema = z
  .discriminatedUnion('type', [isoOutputSchema, tarOutputSchema])
  .describe('An output to make of the image.');

/** An output with its label filled in. */
export type ResolvedOutput =
  | { readonly type: Extract<OutputType, 'iso'>; readonly label: string }
  | { readonly type: Exclude<OutputType, 'iso'> };

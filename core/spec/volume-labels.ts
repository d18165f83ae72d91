import { patternText } from './refusal.ts';

/** Characters of the longest label that each kind of volume has room for. */
const longestLabels = { iso9660: 32, ext4: 16 } as const;
type Volume = keyof typeof longestLabels;

/** The label that a name gives: `edge-web` becomes EDGE_WEB. */
export function labelOf(name: string, volume: Volume): string {
  return name.toUpperCase().replaceAll('-', '_').slice(0, longestLabels[volume]);
}

/** The characters are those of ISO 9660 (d-characters), for every output: a label may then be the same on all. */
export function labelField(volume: Volume) {
  const maxLength = longestLabels[volume];
  return patternText({
    pattern: /^[A-Z0-9_]+$/,
    maxLength,
    what: 'a volume label',
    remedy: `Use up to ${maxLength} upper-case letters, digits and \`_\`.`,
  }).optional();
}

import { z } from 'zod';

/**
 * The address of an archive that keeps old states, with places for what it is asked for:
 * `https://snapshots.internal/{archive}/{timestamp}`. `{archive}` is what the distribution's driver calls it:
 * `debian`, `debian-security` or `ubuntu`.
 */
export const snapshotTemplateSchema = z
  .string()
  .max(2_048)
  .refine(
    (text) =>
      ['{archive}', '{timestamp}'].every((place) => text.split(place).length === 2) &&
      isAddress(snapshotAddress(text, 'debian', '20260101T000000Z')) &&
      // A place in the host's name would let the spec choose whom the engine asks.
      isAddress(snapshotBase(text)) &&
      hostOf(snapshotBase(text)) === hostOf(snapshotAddress(text, 'debian', '20260101T000000Z')),
    'not an http or https address, without a password, that has {archive} and {timestamp} once each',
  );

/** Where a snapshot archive has the state of an archive at a time; without a slash at the end. */
export function snapshotAddress(template: string, archive: string, timestamp: string): string {
  return template.replace('{archive}', archive).replace('{timestamp}', timestamp).replace(/\/+$/, '');
}

/** What every address of a template begins with: its scheme, host and path up to the first place. */
export function snapshotBase(template: string): string {
  const text = template.slice(0, template.indexOf('{'));
  return text.slice(0, text.lastIndexOf('/') + 1);
}

function isAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && !/[{}]/.test(text);
}

const hostOf = (address: string): string => new URL(address).host;

import { z } from 'zod';
import { byCodeUnits, quoted } from '../../text.ts';
import { patternRefusal, patternText, type Refusal, ruledText } from '../refusal.ts';
import { archiveCredentialsSchema, sameCredentials } from './archive-credentials.ts';
import { longestKey, plainArmor, publicKeyRefusal } from './openpgp-key.ts';
import { type PlacedRefusal, repeatedNames, ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

/** Bounds of a spec's archives: planning reads an InRelease of each suite while the build waits. */
const most = { archives: 8, suites: 4, components: 8 } as const;

/** Names of files that the image has of the engine: debian.sources, and lbuild.pref of the pins. */
const takenNames = ['debian', 'lbuild'];

const nameForm = {
  pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
  maxLength: 40,
  what: 'a name for an archive',
  remedy: 'Use lower-case letters, digits and inner hyphens; at most 40 characters.',
};

function nameRefusal(name: string): Refusal | undefined {
  if (!takenNames.includes(name)) return patternRefusal(name, nameForm);
  return {
    code: 'spec.reserved_name',
    reason: `${quoted(name)} names a file of the image’s own`,
    remedy: nameForm.remedy,
  };
}

/** Nothing that apt, deb822 or a shell would read as more than an address: no user, query, fragment or escape. */
const urlForm = {
  pattern: /^https?:\/\/[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[1-9][0-9]{0,4})?(?:\/[A-Za-z0-9._~+-]+)*\/?$/,
  maxLength: 256,
  what: 'the base address of an archive',
  remedy: 'Give http or https, host, port and path: the address below which `dists` lies.',
};

function urlRefusal(url: string): Refusal | undefined {
  if (/^[a-z]+:\/\/[^/]*@/i.test(url)) {
    // The address is not repeated: it holds a password.
    return {
      code: 'spec.invalid_value',
      reason: 'the address holds credentials, which stand under `credentials`',
      remedy: `${urlForm.remedy} Replace the password, which has been sent, and keep the new one as a secret.`,
    };
  }
  const refusal = patternRefusal(url, urlForm);
  if (refusal !== undefined) return refusal;
  if (!url.split('/').some((part) => part === '.' || part === '..')) return undefined;
  return { code: 'spec.path_traversal', reason: `${quoted(url)} holds \`.\` or \`..\``, remedy: urlForm.remedy };
}

const word = (what: string, remedy: string) =>
  patternText({ pattern: /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/, maxLength: 64, what, remedy });

const archiveSchema = z
  .strictObject({
    name: ruledText(nameRefusal, { maxLength: nameForm.maxLength, pattern: nameForm.pattern.source }).describe(
      'Name of the archive; its files in the image are named after it.',
    ),
    url: ruledText(urlRefusal, { maxLength: urlForm.maxLength, pattern: urlForm.pattern.source }).describe(
      'Base address, below which `dists` lies. http or https, without credentials.',
    ),
    suites: z
      .array(
        word(
          'the name of a suite',
          'Give a folder of `dists`, such as stable; an archive without `dists` cannot be used.',
        ).describe('A suite.'),
      )
      .min(1)
      .max(most.suites)
      .describe('Suites: folders of its `dists`. Each must be the code name or the suite of its InRelease.'),
    components: z
      .array(
        word('the name of a component', 'Give a component as the InRelease lists it, such as main.').describe(
          'A component.',
        ),
      )
      .min(1)
      .max(most.components)
      .default(['main'])
      .describe('Components of each suite.'),
    key: ruledText(publicKeyRefusal, { maxLength: longestKey }).describe(
      'Public key of OpenPGP in ASCII armor that signs its InRelease. It vouches for this archive alone.',
    ),
    credentials: archiveCredentialsSchema.optional(),
    priority: z
      .int()
      .min(1)
      .max(999)
      .optional()
      .describe('Priority of all that its host has, as apt_preferences(5) has it. Omitted: 500, as the distribution.'),
    for: z
      .enum(['build', 'image', 'both'])
      .default('both')
      .describe('Whether packages are taken from it in the build, the image has it among its sources, or both.'),
  })
  .describe('An archive of packages beside the distribution’s.');

/** Host of an archive's address, as apt names the origin of what it has: without the port. */
export function archiveHost(url: string): string {
  return url
    .replace(/^https?:\/\//, '')
    .replace(/[:/].*$/, '')
    .toLowerCase();
}

const plainUrl = (url: string): string => url.replace(/\/+$/, '');

function repeated(archives: readonly z.output<typeof archiveSchema>[]): PlacedRefusal[] {
  const lists = archives.flatMap(({ suites, components }, index) => [
    ...repeatedNames(suites, (place) => [index, 'suites', place], 'Give each suite once.'),
    ...repeatedNames(components, (place) => [index, 'components', place], 'Give each component once.'),
  ]);
  // Apt tells archives apart by their hosts here: one host has one priority.
  const priorities = archives.flatMap(({ url, priority }, index) => {
    const host = archiveHost(url);
    const other = archives.slice(0, index).find((one) => archiveHost(one.url) === host && one.priority !== priority);
    if (other === undefined) return [];
    const refusal: PlacedRefusal = {
      at: [index, 'priority'],
      code: 'spec.contradiction',
      reason: `${quoted(other.name)} is at the same host and has another priority, which holds for a host as a whole`,
      remedy: 'Give both the same priority.',
    };
    return [refusal];
  });
  // Builders know by its address whom to give a password to.
  const passwords = archives.flatMap(({ url, credentials }, index) => {
    const other = archives
      .slice(0, index)
      .find((one) => plainUrl(one.url) === plainUrl(url) && !sameCredentials(one.credentials, credentials));
    if (other === undefined) return [];
    const refusal: PlacedRefusal = {
      at: [index, 'credentials'],
      code: 'spec.contradiction',
      reason: `${quoted(other.name)} is at the same address and has others`,
      remedy: 'Give both the same credentials, or none.',
    };
    return [refusal];
  });
  const names = repeatedNames(
    archives.map(({ name }) => name),
    (index) => [index, 'name'],
    'Give each archive a name of its own.',
  );
  return [...names, ...lists, ...priorities, ...passwords];
}

/** Archives of packages beside the distribution's. */
export const archivesSchema = ruledValue(z.array(archiveSchema).max(most.archives), repeated).describe(
  'Archives of packages beside the distribution’s.',
);
export type SpecArchive = z.output<typeof archiveSchema>;

/** The archives that the build takes packages from. */
export function buildArchives(archives: readonly SpecArchive[] | undefined): SpecArchive[] {
  return (archives ?? []).filter((archive) => archive.for !== 'image');
}

/** The archives that are among the image's sources: without credentials, of which the image has none. */
export function imageArchives(archives: readonly SpecArchive[] | undefined): SpecArchive[] {
  return (archives ?? []).flatMap(({ credentials: _, ...archive }) => (archive.for === 'build' ? [] : [archive]));
}

/** Name of the secret with the password of an archive; undefined where it asks for none. */
export function passwordSecret({ credentials }: Pick<SpecArchive, 'credentials'>): string | undefined {
  return credentials?.password.secret;
}

/** Where the image has an archive, its key, and its priority. */
export const archivePaths = {
  sources: (name: string) => `/etc/apt/sources.list.d/${name}.sources`,
  key: (name: string) => `/etc/apt/keyrings/${name}.asc`,
  preferences: (name: string) => `/etc/apt/preferences.d/${name}.pref`,
} as const;

export function archivesEffects(archives: readonly SpecArchive[]): SectionEffects {
  const kept = imageArchives(archives);
  const paths = kept.flatMap(({ name, priority }) => [
    archivePaths.sources(name),
    archivePaths.key(name),
    ...(priority === undefined ? [] : [archivePaths.preferences(name)]),
  ]);
  // Without the authorities of the web the image could not ask an https archive.
  const packages = kept.some(({ url }) => url.startsWith('https:')) ? ['ca-certificates'] : [];
  return { packages, paths, enable: [], disable: [] };
}

/** Archives in one form and one order: neither the order means anything nor that of suites and components. */
export function resolveArchives(archives: readonly SpecArchive[]): SpecArchive[] {
  return archives
    .map((archive) => ({
      ...archive,
      url: plainUrl(archive.url),
      suites: [...archive.suites].sort(byCodeUnits),
      components: [...archive.components].sort(byCodeUnits),
      key: plainArmor(archive.key),
    }))
    .sort((a, b) => byCodeUnits(a.name, b.name));
}

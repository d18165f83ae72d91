import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import type { ForeignArchive } from './foreign-archives.ts';
import { foreignSourcesText } from './foreign-archives.ts';

/** Where apt keeps packages, in a tree. */
export const archivesPath = '/var/cache/apt/archives';

/** Environment of every command that may run a maintainer script: no questions, no initial RAM file system made. */
export const packageEnvironment = {
  DEBIAN_FRONTEND: 'noninteractive',
  DEBCONF_NONINTERACTIVE_SEEN: 'true',
  INITRD: 'No',
  LC_ALL: 'C.UTF-8',
} as const;

/**
 * Takes the right to mount from a command that runs maintainer scripts, so that they find the same environment where
 * the builder has that right and where it lacks it.
 */
export const withoutMounts = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'] as const;

/** The same without the right to make device nodes, which those have not that run a tenant's. */
export const withoutDevices = ['setpriv', '--bounding-set=-sys_admin,-mknod', '--inh-caps=-sys_admin,-mknod'] as const;

/** Says that an archive's packages are verified otherwise than by apt: by the digests of a lock. */
const verifiedByLock = 'Trusted: yes';

/** Where a suite is read: at its own address, or as it was at the time of a snapshot; without a slash at the end. */
export function sourceOf({ uri, snapshot }: ProgramContext<unknown>['archive']['suites'][number]): string {
  return (snapshot ?? uri).replace(/\/+$/, '');
}

/** Makes `apt-get --print-uris` name SHA-256 digests; it says MD5 where it is not told. */
export const printSha256 = ['-o', 'Acquire::ForceHash=SHA256', '--print-uris', '--yes', '-qq'] as const;

/** Name of the file with the distribution's own archive, here and in the image. */
export function sourcesName({ name }: Pick<ProgramContext<unknown>['distribution'], 'name'>): string {
  return `${name}.sources`;
}

/**
 * Text of a deb822 sources file: one stanza for each address and set of components, bound to the keyring of the
 * distribution unless said otherwise. The image gets the same file, so that it can update itself from where it was made.
 */
export function sourcesText(
  { archive, distribution }: Pick<ProgramContext<unknown>, 'archive' | 'distribution'>,
  verified = `Signed-By: ${distribution.keyring}`,
): string {
  const stanzas = new Map<string, { uri: string; components: string; suites: string[] }>();
  for (const { uri, suite, components } of archive.suites) {
    const key = `${uri} ${components.join(' ')}`;
    const stanza = stanzas.get(key) ?? { uri, components: components.join(' '), suites: [] };
    stanza.suites.push(suite);
    stanzas.set(key, stanza);
  }
  return [...stanzas.values()]
    .map(
      ({ uri, components, suites }) =>
        `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(' ')}\nComponents: ${components}\n${verified}\n`,
    )
    .join('\n');
}

/** The folders and files with which apt of the builder root works on a tree. */
export interface AptSettings {
  /** Value of APT_CONFIG. */
  readonly configuration: string;
  readonly sources: string;
  readonly lists: string;
  /** In the tree, since dpkg reads the packages from inside it. */
  readonly archives: string;
}

/**
 * Writes the settings below `scratch`. Apt reads nothing of its own root's or the tree's configuration, so neither a
 * package's hooks nor the builder's proxy settings decide what is installed; dpkg and all maintainer scripts run
 * inside the tree. Lists stay in scratch: the tree never holds them.
 * @param preferences text of apt_preferences(5), where the build has some
 * @param foreign archives beside the distribution's, each bound to its own key
 * @param locked the lists are of a lock: apt asks for no signature, since each package has been verified by its digest
 */
export async function writeAptSettings(
  context: Pick<ProgramContext<unknown>, 'tree' | 'scratch' | 'architecture' | 'archive' | 'distribution'>,
  preferences?: string,
  foreign: readonly ForeignArchive[] = [],
  locked = false,
): Promise<AptSettings> {
  const folder = join(context.scratch, 'apt');
  const sources = join(folder, 'sources.d', sourcesName(context.distribution));
  const lists = join(folder, 'lists');
  const configuration = join(folder, 'apt.conf');
  await mkdir(join(folder, 'sources.d'), { recursive: true });
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache'), { recursive: true });
  const { distribution } = context;
  const read = context.archive.suites.map((suite) => ({ ...suite, uri: suite.snapshot ?? suite.uri }));
  const verified = locked ? verifiedByLock : undefined;
  await writeFile(sources, sourcesText({ archive: { suites: read }, distribution }, verified));
  for (const archive of foreign) {
    const text = locked
      ? sourcesText({ archive: { suites: [...archive.suites] }, distribution }, verifiedByLock)
      : foreignSourcesText(archive, archive.keyring);
    await writeFile(join(folder, 'sources.d', `${archive.name}.sources`), text);
  }
  const preferencesFile = preferences === undefined ? '/dev/null' : join(folder, 'preferences');
  if (preferences !== undefined) await writeFile(preferencesFile, preferences);
  await writeFile(
    configuration,
    [
      `APT::Architecture "${context.architecture}";`,
      `APT::Architectures "${context.architecture}";`,
      `Dir "${context.tree}";`,
      'Dir::Etc::Parts "/dev/null";',
      `Dir::Etc::Preferences "${preferencesFile}";`,
      'Dir::Etc::PreferencesParts "/dev/null";',
      'Dir::Etc::SourceList "/dev/null";',
      `Dir::Etc::SourceParts "${join(folder, 'sources.d')}";`,
      'Dir::Etc::Trusted "/dev/null";',
      'Dir::Etc::TrustedParts "/dev/null";',
      `Dir::State::Lists "${lists}";`,
      `Dir::State::Status "${context.tree}/var/lib/dpkg/status";`,
      `Dir::Cache::pkgcache "${join(folder, 'cache', 'pkgcache.bin')}";`,
      `Dir::Cache::srcpkgcache "${join(folder, 'cache', 'srcpkgcache.bin')}";`,
      // The scratch folder need not be readable for another user; the task is the sandbox.
      'APT::Sandbox::User "root";',
      'Acquire::Languages "none";',
      // Ubuntu holds some updates back from a part of all machines, chosen by a machine's id: an image takes all.
      'APT::Get::Always-Include-Phased-Updates "true";',
      `DPkg::Chroot-Directory "${context.tree}";`,
      'DPkg::Use-Pty "false";',
      // APT_CONFIG and TMPDIR name folders that do not exist inside the tree.
      'Dir::Bin::dpkg "env";',
      'DPkg::Options { "--unset=APT_CONFIG"; "--unset=TMPDIR"; "dpkg"; "--force-unsafe-io"; "--force-confold"; };',
      '',
    ].join('\n'),
  );
  return { configuration, sources, lists, archives: join(context.tree, archivesPath) };
}

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchivePackage, packageTitle } from '../../../../core/plan/programs/archive-package.ts';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { allEnded } from '../all-ended.ts';
import { type AptSettings, sourceOf } from './apt-settings.ts';
import { installedVersions } from './dpkg-status.ts';
import { PackageIndex } from './package-index.ts';
import type { SignedIndexes } from './signed-indexes.ts';
import { archiveOf } from './taken-packages.ts';

type Context = ProgramContext<unknown>;

/** Commands at one time: each reads one package's head and is gone. */
const parallel = 4;
/** Packages that a failure names. */
const mostNamed = 20;

/** Every suite of the planned archives, the distribution's first. */
function allSuites({ suites, extra = [] }: Context['archive']): Context['archive']['suites'] {
  return [...suites, ...extra.flatMap((archive) => archive.suites)];
}

/** Name that apt gives to a package's file in its archives folder: of the version it quotes the colon. */
function fileName({ name, version, architecture }: ArchivePackage): string {
  return `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`;
}

/**
 * Text of apt_preferences(5) by which apt takes the locked version of each package, even where that is a step back.
 */
export function lockedPreferences(packages: readonly ArchivePackage[]): string {
  return packages
    .map(({ name, version }) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
    .join('\n');
}

/**
 * The packages of a lock as an archive that has these and no others. Their files are put into apt's archives folder,
 * each verified against the digest that the lock names: that vouches for them, so that no index and no signature is
 * needed, which the archive may no longer have. What apt is told of each is what its own control file says, but for the
 * priority, which is the archive's to give.
 *
 * Throws StepError: `lock.packages_gone` (names all that neither cache nor archive has), `archive.untrusted` (other
 * bytes, or another package than the lock says), `archive.unreachable`.
 */
export async function openLocked(
  context: Context,
  settings: AptSettings,
  packages: readonly ArchivePackage[],
): Promise<SignedIndexes> {
  await fetchLocked(context, settings, packages);
  const stanzas = await readStanzas(context, settings, packages);
  const first = new Map(
    allSuites(context.archive)
      .toReversed()
      .map((suite) => [archiveOf(context.archive, suite), suite]),
  );
  const files = allSuites(context.archive).flatMap((suite) =>
    suite.components.map((component, position) => {
      const name = archiveOf(context.archive, suite);
      // The minimal system is what the release's own suite says, in whatever suite its newest versions are: the first
      // suite of an archive, and its first component, have all of it.
      const own = position > 0 || first.get(name) !== suite ? [] : packages.filter((one) => one.archive === name);
      // As archives order them, since apt's order depends on that.
      const text = own
        .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
        .map((one) => stanzas.get(one) ?? '')
        .join('');
      return { suite, name: `${component}/binary-${context.architecture}/Packages`, text };
    }),
  );
  const releases = allSuites(context.archive).map((suite) => {
    const bytes = Buffer.from(`Suite: ${suite.suite}\nCodename: ${suite.suite}\n`);
    return { suite, name: 'Release', bytes };
  });
  return { releases, files, packages: new PackageIndex(files.map(({ text }) => text)) };
}

/** Those of the locked packages that are installed now in the locked version, and were not before. */
export async function takenOfLock(
  context: Context,
  packages: readonly ArchivePackage[],
  before: ReadonlyMap<string, string>,
): Promise<ArchivePackage[]> {
  const now = await installedVersions(context);
  return packages.filter(({ name, version }) => now.get(name) === version && before.get(name) !== version);
}

async function fetchLocked(
  context: Context,
  settings: AptSettings,
  packages: readonly ArchivePackage[],
): Promise<void> {
  await mkdir(join(settings.archives, 'partial'), { recursive: true });
  const placeOf = (one: ArchivePackage) => join(settings.archives, fileName(one));
  const wanted = packages.map((one) => {
    const suite = allSuites(context.archive).find(
      (candidate) => candidate.suite === one.suite && archiveOf(context.archive, candidate) === one.archive,
    );
    if (suite === undefined) {
      throw new StepError('step.failed', `The lock has ${packageTitle(one)} of a suite that it does not name.`);
    }
    const address = `${sourceOf(suite)}/${one.path}`;
    return { ...{ sha256: one.sha256, size: one.size, address }, place: placeOf(one) };
  });
  try {
    const { cached } = await context.archiveFiles.fetch(wanted, {
      onProgress: (fraction) => context.progress(5 + 25 * fraction),
    });
    context.log(`${wanted.length} packages of the lock, ${cached} of them cached`);
  } catch (error) {
    if (!(error instanceof StepError) || error.code !== 'archive.gone') throw error;
    throw packagesGone(packages.filter((one) => !existsSync(placeOf(one))));
  }
}

function packagesGone(gone: readonly ArchivePackage[]): StepError {
  const named = gone.slice(0, mostNamed).map(packageTitle).join(', ');
  const more = gone.length > mostNamed ? ` and ${gone.length - mostNamed} more` : '';
  return new StepError('lock.packages_gone', `Neither the cache nor the archive has ${named}${more} any more.`);
}

/** The stanza of each package, as an index would have it. */
async function readStanzas(
  context: Context,
  settings: AptSettings,
  packages: readonly ArchivePackage[],
): Promise<ReadonlyMap<ArchivePackage, string>> {
  const stanzas = new Map<ArchivePackage, string>();
  const left = [...packages];
  const work = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const { stdout } = await context.exec(['dpkg-deb', '--field', join(settings.archives, fileName(one))], {
        quiet: true,
      });
      stanzas.set(one, stanzaOf(one, stdout));
    }
  };
  await allEnded(Array.from({ length: parallel }, work));
  return stanzas;
}

/**
 * A package's control file as a stanza of an index.
 * @throws StepError archive.untrusted where it is of another package than the lock says
 */
export function stanzaOf(locked: ArchivePackage, control: string): string {
  const [stanza = ''] = control.trim().split(/\n[ \t]*\n/);
  const field = (name: string) => new RegExp(`^${name}:[ \t]*(.*)$`, 'mi').exec(stanza)?.[1]?.trim();
  for (const [name, value] of [
    ['Package', locked.name],
    ['Version', locked.version],
    ['Architecture', locked.architecture],
  ] as const) {
    if (field(name) === value) continue;
    throw new StepError(
      'archive.untrusted',
      `The file that the lock names for ${packageTitle(locked)} is of another package.`,
    );
  }
  const priority = locked.priority === undefined ? '' : `Priority: ${locked.priority}\n`;
  const kept = priority === '' ? stanza : stanza.replace(/^Priority:.*\n/im, '');
  const file = `Filename: ${locked.path}\nSize: ${locked.size}\nSHA256: ${locked.sha256}\n`;
  return `${kept}\n${priority}${file}\n`;
}

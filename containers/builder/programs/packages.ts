/**
 * packages: installs and removes packages, and adds what the outputs need to boot.
 *
 *   install: [openssh-server]   Names, as the archive has them.
 *   remove: [nano]              Purged after the installation. Packages that depend on them go too; the log names them.
 *   recommends: false           Install what the packages recommend.
 *   kernel: linux-image-amd64   Optional: absent where no output boots.
 *   pins: [{package: nginx, version: "1.26.*", priority: 1001}]   Optional: what apt prefers, here and in the image.
 *   hold: [nginx]               Optional: marked so that no upgrade changes them.
 *   archives: [{name: site, url: …, suites: [stable], key: …}]   Optional: archives beside the distribution's.
 *   outputs: [iso]              Decides the boot packages.
 *   locked: {packages: …}       Optional: the packages of a lock, which alone may be installed.
 *
 * Apt of the builder root works on the tree; dpkg and the maintainer scripts run inside it. They start no service
 * (policy-rc.d answers 101 and start-stop-daemon is replaced for the time) and make no initial RAM file system: the
 * `initramfs` step does, once. Nothing is mounted in the tree. systemd-tmpfiles makes good from outside what its runs
 * inside could not do without /proc, and a package that cannot be configured without /proc is configured a second time
 * under proot. What a machine must make for itself no image holds: images with sshd, ssl-cert or PostgreSQL get the unit
 * that makes host keys, a certificate or a cluster at the first boot.
 */
import { rename, rm } from 'node:fs/promises';
import type { ArchivePackage } from '../../../core/plan/programs/archive-package.ts';
import { packages as declaration } from '../../../core/plan/programs/bootstrap.ts';
import { wantedPackages } from '../../../core/plan/programs/wanted-packages.ts';
import type { OptionsOf, PrepareContext, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { writeLists } from './apt/apt-lists.ts';
import {
  type AptSettings,
  packageEnvironment,
  printSha256,
  withoutMounts,
  writeAptSettings,
} from './apt/apt-settings.ts';
import { holdPackages, installedVersions } from './apt/dpkg-status.ts';
import { foreignPreferences, openForeignArchives } from './apt/foreign-archives.ts';
import { lockedPreferences, openLocked, takenOfLock } from './apt/locked-packages.ts';
import { clearArchives, fillArchives, parsePrintedUris } from './apt/package-archives.ts';
import type { PackageIndex } from './apt/package-index.ts';
import { needHonoured, needPinned, preferencesText } from './apt/preferences.ts';
import { openIndexes, type SignedIndexes } from './apt/signed-indexes.ts';
import { takenPackages } from './apt/taken-packages.ts';
import { ensureClusterUnit, withoutClusters } from './tree/database-clusters.ts';
import { ensureHostKeyUnit, withoutHostKeys } from './tree/host-keys.ts';
import { ensureCertificateUnit, withoutCertificateLinks } from './tree/self-signed.ts';
import { existsInTree, readTreeFile, writeTreeFile } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

/** Reading the indexes takes longer than anything else that does not need the tree: the tree is unpacked meanwhile. */
async function prepare(context: PrepareContext<Options>): Promise<void> {
  const { options, distribution } = context;
  if (options.locked !== undefined || wantedPackages(options, distribution).length === 0) return;
  await openIndexes(context, await openForeignArchives(context));
}

/** Where the image keeps the pins. */
const preferencesPath = '/etc/apt/preferences.d/lbuild.pref';

async function run(context: Context): Promise<ProgramOutcome> {
  const { pins = [], hold = [], archives = [] } = context.options;
  const preferences = pins.length > 0 ? preferencesText(pins, context.distribution) : undefined;
  const foreign = await openForeignArchives(context);
  const priorities = foreignPreferences(archives, context.archive.suites);
  const locked = context.options.locked?.packages;
  const chosen = locked === undefined ? joined([preferences, ...priorities.values()]) : lockedPreferences(locked);
  const settings = await writeAptSettings(context, chosen, foreign, locked !== undefined);
  const names = wantedPackages(context.options, context.distribution);
  let taken: ArchivePackage[] = [];
  const open = () => (locked === undefined ? openIndexes(context, foreign) : openLocked(context, settings, locked));
  // What a lock has the planner has compared with the pins.
  const judgesPins = context.options.kernel === undefined && locked === undefined;
  const indexes = names.length > 0 || (pins.length > 0 && locked === undefined) ? await open() : undefined;
  // Of the boot packages some pins speak not: the step of the user's packages follows, and sees all archives.
  if (indexes !== undefined && judgesPins) needPinned(indexes, pins, context.distribution);
  if (indexes !== undefined && names.length > 0) {
    await needKnownPackages(context, indexes.packages, names);
    const status = await readTreeFile(context, '/var/lib/dpkg/status');
    await writeLists(
      settings,
      indexes,
      indexes.packages.closure(names, status?.text ?? '', context.options.recommends),
    );
    context.progress(10);
  }
  await withoutServices(context, async () => {
    if (indexes !== undefined && names.length > 0) taken = await install(context, settings, indexes, names);
    context.progress(85);
    await removePackages(context, settings);
  });
  // The user's packages come after the boot packages, and may bring another version of what these left.
  if (preferences !== undefined && context.options.kernel === undefined) {
    if (indexes !== undefined && judgesPins) {
      needHonoured(indexes, pins, context.distribution, await installedVersions(context));
    }
    await writeTreeFile(context, preferencesPath, preferences, { mode: 0o644 });
  }
  if (hold.length > 0) await holdPackages(context, hold);
  await repairWithTmpfiles(context);
  await ensureHostKeyUnit(context);
  await ensureCertificateUnit(context);
  await ensureClusterUnit(context);
  return { taken, facts: { packages: String(taken.length) } };
}

/** Records of apt_preferences(5) together; undefined where there are none. */
function joined(records: readonly (string | undefined)[]): string | undefined {
  const given = records.filter((record) => record !== undefined);
  return given.length === 0 ? undefined : given.join('\n');
}

/**
 * Apt gives meanings of its own to `name-`, `name+`, patterns and globs once no package has that very name, so names
 * are checked against the indexes first. A virtual package counts as known: apt says itself which ones provide it.
 */
async function needKnownPackages(context: Context, packages: PackageIndex, names: readonly string[]): Promise<void> {
  // A lock has nothing of a package that a step before has installed.
  const there = context.options.locked === undefined ? new Map() : await installedVersions(context);
  const isKnown = (name: string) => packages.knows(name) || there.has(name);
  const missing = names.filter((name) => !/^[a-z0-9][a-z0-9.+-]+$/.test(name) || !isKnown(name));
  if (missing.length > 0) {
    throw new StepError(
      'package.not_found',
      `The archive has no package ${missing.join(', ')} for ${context.release} on ${context.architecture}; check the spelling.`,
    );
  }
}

/** Installs packages; answers what it took for that from the archives. */
async function install(
  context: Context,
  settings: AptSettings,
  indexes: SignedIndexes,
  names: readonly string[],
): Promise<ArchivePackage[]> {
  const locked = context.options.locked?.packages;
  const before = locked === undefined ? new Map() : await installedVersions(context);
  const request = [
    `--${context.options.recommends ? '' : 'no-'}install-recommends`,
    '--no-remove',
    // A pin may ask for an older version than is installed.
    ...(context.options.pins === undefined && locked === undefined ? [] : ['--allow-downgrades']),
    'install',
    ...names,
  ] as const;
  const printed = await context.exec(['apt-get', ...printSha256, ...request], {
    env: aptEnvironment(settings),
    okCodes: [0, 100],
    quiet: true,
  });
  if (printed.code !== 0) {
    await context.exec(['apt-get', '--simulate', '--yes', '-q', ...request], {
      env: aptEnvironment(settings),
      okCodes: [0, 100],
    });
    throw new StepError(
      'step.failed',
      'packages.install: the packages cannot be installed together; the log holds what apt says of their dependencies.',
      printed.code,
    );
  }
  const wanted = parsePrintedUris(printed.stdout);
  if (locked === undefined) {
    await fillArchives(context, settings, wanted, (fraction) => context.progress(10 + 30 * fraction));
  }
  const change = async () => {
    const done = await context.exec([...withoutMounts, 'apt-get', '--no-download', '--yes', '-q', ...request], {
      env: aptEnvironment(settings),
      okCodes: [0, 100],
    });
    if (done.code !== 0) await configureWithProc(context);
  };
  const files = locked?.map(({ name }) => `${name}_`) ?? wanted.map(({ file }) => file);
  const comes = (name: string) => files.some((file) => file.startsWith(`${name}_`));
  const withoutKeys = comes('openssh-server') ? () => withoutHostKeys(context, change) : change;
  if (comes('postgresql-common')) await withoutClusters(context, withoutKeys);
  else await withoutKeys();
  if (comes('ssl-cert')) await withoutCertificateLinks(context);
  await clearArchives(context);
  return locked === undefined ? takenPackages(context.archive, indexes, wanted) : takenOfLock(context, locked, before);
}

/** Apt's environment, and dpkg's and the maintainer scripts' through it. */
function aptEnvironment(settings: AptSettings): Record<string, string> {
  return { ...packageEnvironment, APT_CONFIG: settings.configuration };
}

/** The second chance of packages that want /proc: proot shows it to them without a mount, at ten times the cost. */
async function configureWithProc(context: Context): Promise<void> {
  context.log('some packages could not be configured; trying once more with /proc');
  const { code } = await context.exec(
    ['proot', '-r', context.tree, '-b', '/proc', '-b', '/sys', '-b', '/dev', '-w', '/', 'dpkg', '--configure', '-a'],
    { env: packageEnvironment, okCodes: [0, 1, 2, 255] },
  );
  if (code !== 0) {
    throw new StepError('step.failed', 'Some packages could not be configured; the log names them.', code);
  }
}

async function removePackages(context: Context, settings: AptSettings): Promise<void> {
  const installed = await installedVersions(context);
  const named = context.options.remove.filter((name) => installed.has(name));
  for (const name of context.options.remove) {
    if (!installed.has(name)) context.log(`${name} is not installed: nothing to remove`);
  }
  const [first, ...rest] = named;
  if (first === undefined) return;
  const simulated = await context.exec(['apt-get', '--simulate', '--yes', '-qq', 'purge', first, ...rest], {
    env: aptEnvironment(settings),
    okCodes: [0, 100],
    quiet: true,
  });
  const also = [...simulated.stdout.matchAll(/^Purg (\S+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((name) => !named.includes(name));
  if (also.length > 0) context.log(`these depend on them and are removed too: ${also.join(', ')}`);
  const { code } = await context.exec([...withoutMounts, 'apt-get', '--yes', '-q', 'purge', first, ...rest], {
    env: aptEnvironment(settings),
    okCodes: [0, 100],
  });
  if (code !== 0) {
    throw new StepError(
      'step.failed',
      `packages.remove: ${named.join(', ')} cannot be removed; an essential package cannot go, and the log holds apt's words.`,
      code,
    );
  }
}

/** Runs a change with both ways of starting a service closed, and puts everything back as it was. */
async function withoutServices(context: Context, change: () => Promise<void>): Promise<void> {
  const daemonPath = (await existsInTree(context, '/sbin/start-stop-daemon'))
    ? '/sbin/start-stop-daemon'
    : '/usr/sbin/start-stop-daemon';
  const daemon = await context.resolveInTree(daemonPath);
  await writeTreeFile(context, '/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  await rename(daemon, `${daemon}.REAL`);
  await writeTreeFile(context, daemonPath, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  try {
    await change();
  } finally {
    // Scripts have run: the folders may be elsewhere by now.
    const place = daemon.slice(context.tree.length);
    await rename(await context.resolveInTree(`${place}.REAL`), await context.resolveInTree(place));
    await rm(await context.resolveInTree('/usr/sbin/policy-rc.d'), { force: true });
  }
}

/**
 * Makes the folders and modes that systemd's own tmpfiles runs could not make inside the tree. Volatile folders are
 * left out: a booted system mounts over them.
 */
async function repairWithTmpfiles(context: Context): Promise<void> {
  if (!(await existsInTree(context, '/usr/lib/tmpfiles.d'))) return;
  await context.exec(
    [
      'systemd-tmpfiles',
      `--root=${context.tree}`,
      '--create',
      ...['/run', '/dev', '/proc', '/sys', '/tmp', '/var/tmp'].map((path) => `--exclude-prefix=${path}`),
    ],
    // 65 and 73: a line of some package's configuration could not be used; systemd goes on with the others.
    { okCodes: [0, 65, 73] },
  );
}

export const packages: StepProgram<typeof declaration.options> = { declaration, prepare, run };

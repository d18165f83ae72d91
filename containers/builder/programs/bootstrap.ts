/**
 * bootstrap: makes the minimal system of the distribution (priority `required` and apt) in the empty tree.
 *
 *   distribution: debian     Required.
 *   release: trixie          Required, the code name.
 *   architecture: amd64      Required.
 *   locked: {packages: …}    Optional: the packages of a lock, which alone are used, whatever the archive has now.
 *
 * The indexes are opened and verified first (apt/signed-indexes.ts): the archive must be in the state that the build
 * was planned for. mmdebstrap then works from those lists and from packages whose digests they name. It mounts nothing
 * in the tree, with or without the right to mount, so that both give the same bytes; what maintainer scripts leave out
 * for the lack of /proc is made good by systemd-tmpfiles in the `packages` step.
 * The image's own /etc/apt/sources.list.d/DISTRIBUTION.sources names the archives it was made from.
 */
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bootstrap as declaration } from '../../../core/plan/programs/bootstrap.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { writeLists } from './apt/apt-lists.ts';
import {
  packageEnvironment,
  printSha256,
  sourcesName,
  sourcesText,
  withoutDevices,
  withoutMounts,
  writeAptSettings,
} from './apt/apt-settings.ts';
import { openLocked, takenOfLock } from './apt/locked-packages.ts';
import { clearArchives, fillArchives, parsePrintedUris } from './apt/package-archives.ts';
import { openIndexes } from './apt/signed-indexes.ts';
import { takenPackages } from './apt/taken-packages.ts';
import { makeDeviceNodes } from './tree/device-nodes.ts';
import { writeTreeFile } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;

/**
 * What mmdebstrap leaves out. Mounts: see above. Update and apt's cleaning: the lists are ours, outside the tree.
 * The checks for an empty folder and no downloads: the cached packages are already there.
 */
const skipped = ['check/empty', 'chroot/mount', 'update', 'download/empty', 'essential/unlink', 'cleanup/apt'] as const;

/**
 * Files of mmdebstrap's that would end in the image: its options, and the builder's own host name and resolver. Another
 * is its copy of the sources.
 */
const leftovers = [
  'etc/apt/apt.conf.d/99mmdebstrap',
  'etc/dpkg/dpkg.cfg.d/99mmdebstrap',
  'etc/hostname',
  'etc/resolv.conf',
] as const;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { release, architecture } = context.options;
  const locked = context.options.locked?.packages;
  const settings = await writeAptSettings(context, undefined, [], locked !== undefined);
  const indexes = locked === undefined ? await openIndexes(context) : await openLocked(context, settings, locked);
  const { packages } = indexes;
  await writeLists(settings, indexes, packages.closure(packages.base, '', false));
  context.progress(10);

  await chmod(context.tree, 0o755);
  // Whoever wrote the lock may have named packages of a tenant's: the step is then confined as these are.
  if (locked !== undefined) await makeDeviceNodes(context);
  const printed = await context.exec(
    [
      'apt-get',
      ...printSha256,
      '--no-install-recommends',
      '-o',
      'Dir::State::Status=/dev/null',
      'install',
      '?essential',
      '?priority(required)',
      'apt',
    ],
    { env: { APT_CONFIG: settings.configuration }, quiet: true },
  );
  const wanted = parsePrintedUris(printed.stdout);
  if (locked === undefined) {
    await fillArchives(context, settings, wanted, (fraction) => context.progress(10 + 30 * fraction));
  }

  await context.exec(
    [
      ...(locked === undefined ? withoutMounts : withoutDevices),
      'mmdebstrap',
      '--mode=root',
      '--format=directory',
      '--variant=minbase',
      `--architectures=${architecture}`,
      `--skip=${skipped.join(',')}`,
      `--aptopt=Dir::State::Lists "${settings.lists}"`,
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=APT::Sandbox::User "root"',
      '--dpkgopt=force-unsafe-io',
      '--dpkgopt=force-confold',
      release,
      context.tree,
      settings.sources,
    ],
    { env: { ...packageEnvironment, SOURCE_DATE_EPOCH: String(context.sourceDateEpoch), TMPDIR: context.scratch } },
  );
  await clearArchives(context);
  const sources = `etc/apt/sources.list.d/${sourcesName(context.distribution)}`;
  for (const path of [...leftovers, `etc/apt/sources.list.d/0000${sourcesName(context.distribution)}`]) {
    await rm(join(context.tree, path), { force: true });
  }
  await writeTreeFile(context, `/${sources}`, sourcesText(context), { mode: 0o644 });
  const taken =
    locked === undefined
      ? takenPackages(context.archive, indexes, wanted)
      : await takenOfLock(context, locked, new Map());
  return { taken, facts: { packages: String(taken.length) } };
}

export const bootstrap: StepProgram<typeof declaration.options> = { declaration, run };

/**
 * iso: makes a hybrid live ISO: from CD, from USB, with BIOS and with UEFI (on arm64 with UEFI alone).
 *
 *   fileName: edge-web.iso   Required.
 *   label: EDGE              Required: the volume label.
 *   cmdline: [quiet]         Kernel arguments after boot=live. console=ttyS0 puts the boot menu on the serial line too.
 *   hostname: edge-01        The entry's title in the boot menu; the live system's name is the tree's /etc/hostname.
 *
 * The tree is read as data: boot loader and tools are the builder root's, kernel and initial RAM file system the newest
 * of the tree's /boot. The image is written whole by one call; equal trees give equal bytes. The loader is not signed:
 * Secure Boot refuses it.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { iso as declaration } from '../../../core/plan/programs/export.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { biosModules, earlyConfiguration, efiModules, grubConfiguration } from './boot/grub-configuration.ts';
import { kernelVersions } from './tree/kernels.ts';
import { existsInTree } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

/** Where GRUB's files stand in the builder root. */
const hybridMbr = '/usr/lib/grub/i386-pc/boot_hybrid.img';
const efiLoaders = {
  amd64: { format: 'x86_64-efi', file: 'BOOTX64.EFI' },
  arm64: { format: 'arm64-efi', file: 'BOOTAA64.EFI' },
} as const;

async function run(context: Context): Promise<ProgramOutcome> {
  const { label, cmdline, hostname, fileName } = context.options;
  const staging = join(context.scratch, 'iso');
  for (const folder of ['live', 'boot/grub', '.disk']) await mkdir(join(staging, folder), { recursive: true });
  const version = await bootFiles(context, staging);
  await squashTree(context, join(staging, 'live/filesystem.squashfs'));
  context.progress(70);

  const identity = createHash('sha256').update(`${fileName}\n${label}\n${version}\n${context.sourceDateEpoch}`);
  const marker = `/.disk/lbuild-${identity.digest('hex').slice(0, 16)}`;
  await writeFile(join(staging, marker), '');
  await writeFile(join(staging, 'boot/grub/grub.cfg'), grubConfiguration(hostname, cmdline));
  const early = join(context.scratch, 'early.cfg');
  await writeFile(early, earlyConfiguration(marker));
  const withBios = context.architecture === 'amd64';
  if (withBios) await makeBiosLoader(context, early, join(staging, 'boot/grub/eltorito.img'));
  const esp = join(staging, 'boot/grub/efi.img');
  await makeEfiPartition(context, early, esp);
  context.progress(80);

  await setTimes(staging, context.sourceDateEpoch);
  const file = join(context.scratch, 'image.iso');
  const bios = [
    ...['-b', 'boot/grub/eltorito.img', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
    ...['--grub2-boot-info', '--grub2-mbr', hybridMbr, '-eltorito-alt-boot'],
  ];
  await context.exec(
    [
      ...(['xorriso', '-as', 'mkisofs', '-quiet', '-o', file, '-V', label, '-iso-level', '3', '-r', '-J'] as const),
      ...['-joliet-long', '-uid', '0', '-gid', '0'],
      ...(withBios ? bios : []),
      ...['-e', 'boot/grub/efi.img', '-no-emul-boot'],
      ...['-append_partition', '2', '0xef', esp, '-appended_part_as_gpt'],
      staging,
    ],
    { env: timeEnvironment(context) },
  );
  return {
    artifact: { file, name: fileName, mediaType: 'application/x-iso9660-image' },
    facts: { kernel: version },
  };
}

/** Gives a folder and all in it one time: Rock Ridge records the times of the files that it is made from. */
async function setTimes(folder: string, epoch: number): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true })) await utimes(join(folder, entry), epoch, epoch);
  await utimes(folder, epoch, epoch);
}

/** xorriso, mksquashfs and mtools all take their times from SOURCE_DATE_EPOCH; FAT times are local ones. */
function timeEnvironment(context: Context): Record<string, string> {
  return { SOURCE_DATE_EPOCH: String(context.sourceDateEpoch), TZ: 'UTC', LC_ALL: 'C.UTF-8' };
}

/** Copies kernel and initial RAM file system of the newest kernel that has both; answers its version. */
async function bootFiles(context: Context, staging: string): Promise<string> {
  const versions = await kernelVersions(context);
  for (const version of versions.toReversed()) {
    if (!(await existsInTree(context, `/boot/initrd.img-${version}`))) continue;
    for (const [from, to] of [
      [`/boot/vmlinuz-${version}`, 'live/vmlinuz'],
      [`/boot/initrd.img-${version}`, 'live/initrd.img'],
    ] as const) {
      await copyFile(await context.resolveInTree(from), join(staging, to));
    }
    return version;
  }
  throw new StepError('step.failed', 'The image has no kernel with an initial RAM file system in /boot.');
}

async function squashTree(context: Context, file: string): Promise<void> {
  await context.exec(
    [
      ...(['mksquashfs', context.tree, file, '-noappend', '-no-progress', '-quiet', '-xattrs'] as const),
      ...['-comp', 'zstd', '-Xcompression-level', '3', '-b', '256K'],
    ],
    { env: timeEnvironment(context) },
  );
}

async function makeBiosLoader(context: Context, early: string, file: string): Promise<void> {
  await context.exec([
    ...(['grub-mkimage', '-O', 'i386-pc-eltorito', '-o', file, '-p', '/boot/grub', '-c', early] as const),
    ...biosModules,
  ]);
}

/** 4 MiB hold the loader (under 1.5 MiB) with room; the serial number is fixed so that equal inputs give equal bytes. */
async function makeEfiPartition(context: Context, early: string, file: string): Promise<void> {
  const loader = efiLoaders[context.architecture];
  const built = join(context.scratch, loader.file);
  await context.exec([
    ...(['grub-mkimage', '-O', loader.format, '-o', built, '-p', '/boot/grub', '-c', early] as const),
    ...efiModules,
  ]);
  await utimes(built, context.sourceDateEpoch, context.sourceDateEpoch);
  const environment = { ...timeEnvironment(context), MTOOLS_SKIP_CHECK: '1' };
  await context.exec(['mformat', '-C', '-i', file, '-T', '8192', '-h', '64', '-s', '32', '-N', '4c425549', '::'], {
    env: environment,
  });
  await context.exec(['mmd', '-i', file, '::/EFI', '::/EFI/BOOT'], { env: environment });
  await context.exec(['mcopy', '-m', '-i', file, built, `::/EFI/BOOT/${loader.file}`], { env: environment });
}

export const iso: StepProgram<typeof declaration.options> = { declaration, run };

/**
 * iso: makes a hybrid live ISO: from CD, from USB, with BIOS and with UEFI (on arm64 with UEFI alone).
 *
 *   fileName: edge-web.iso   Required.
 *   label: EDGE              Required: the volume label.
 *   cmdline: [quiet]         Kernel arguments after boot=live. console=ttyS0 puts the boot menu on the serial line too.
 *   hostname: edge-01        The entry's title in the boot menu; the live system's name is the tree's /etc/hostname.
 *
 *   modules: [module.bootstrap, module.custom]   Required: the steps whose modules it stacks, lowest first.
 *
 * It needs no tree: boot loader and tools are the builder root's, kernel and initial RAM file system the newest of
 * /boot, read from the module that holds them. The image is written whole by one call; equal modules give equal bytes.
 * The loader is not signed: Secure Boot refuses it.
 */
import { copyFile, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { iso as declaration } from '../../../core/plan/programs/export.ts';
import type { OptionsOf, PrepareContext, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { type ModuleFile, takeBootFiles } from './boot/boot-files.ts';
import { efiLoaders, fatEnvironment, imageEnvironment } from './boot/efi-loader.ts';
import { biosModules, earlyConfiguration, efiModules, grubConfiguration } from './boot/grub-configuration.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

/** Where GRUB's part of the first sector stands in the builder root. */
const hybridMbr = '/usr/lib/grub/i386-pc/boot_hybrid.img';

/**
 * It looks only so often whether its threads are done, every second unless told otherwise: 0.3 s of work take 0.9 s. And
 * it syncs every 16 MB to the disk: the store does that, behind the answer.
 */
const xorriso = ['xorriso', '-pacifier', 'interval=0.1', '-stdio_sync', 'off'] as const;

/** The boot loaders need no module: they are made while modules still are. */
async function prepare(context: PrepareContext<Options>): Promise<void> {
  const { hostname, cmdline } = context.options;
  const { staging, esp } = placesOf(context);
  for (const folder of ['live', 'boot/grub', '.disk']) await mkdir(join(staging, folder), { recursive: true });
  // By this file GRUB finds its own image among all discs of a machine: the key holds all that the image is made of.
  const marker = `/.disk/lbuild-${context.key.slice(0, 16)}`;
  await writeFile(join(staging, marker), '');
  await writeFile(join(staging, 'boot/grub/grub.cfg'), grubConfiguration(hostname, cmdline));
  const early = join(context.scratch, 'early.cfg');
  await writeFile(early, earlyConfiguration({ file: marker }));
  await Promise.all([
    hasBios(context) ? makeBiosLoader(context, early, join(staging, 'boot/grub/eltorito.img')) : undefined,
    makeEfiPartition(context, early, esp),
  ]);
  await copyFile(esp, join(staging, 'boot/grub/efi.img'));
}

const hasBios = ({ architecture }: Pick<Context, 'architecture'>) => architecture === 'amd64';

/** The folder of what stands in the image beside the modules, and the EFI partition. */
function placesOf({ scratch }: Pick<Context, 'scratch'>): { readonly staging: string; readonly esp: string } {
  return { staging: join(scratch, 'iso'), esp: join(scratch, 'efi.img') };
}

async function run(context: Context): Promise<ProgramOutcome> {
  const { label, fileName } = context.options;
  const { staging, esp } = placesOf(context);
  const modules = await stackModules(context, join(staging, 'live'));
  const version = await takeBootFiles(context, modules, {
    kernel: join(staging, 'live/vmlinuz'),
    initramfs: join(staging, 'live/initrd.img'),
  });
  context.progress(60);

  await setTimes(staging, context.sourceDateEpoch);
  const file = join(context.outputs, 'image.iso');
  const bios = [
    ...['-b', 'boot/grub/eltorito.img', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
    ...['--grub2-boot-info', '--grub2-mbr', hybridMbr, '-eltorito-alt-boot'],
  ];
  const mapped = modules.map(({ name, file: source }) => `live/${name}=${source}`);
  const { written } = await context.exec(
    [
      ...xorriso,
      ...['-as', 'mkisofs', '-quiet', '-o', file, '-V', label, '-iso-level', '3', '-r', '-J'],
      // The modules' files are shared with other builds: their own times are those of this machine.
      ...['-joliet-long', '-uid', '0', '-gid', '0', '--set_all_file_dates', `=${context.sourceDateEpoch}`],
      ...(hasBios(context) ? bios : []),
      ...['-e', 'boot/grub/efi.img', '-no-emul-boot'],
      ...['-append_partition', '2', '0xef', esp, '-appended_part_as_gpt'],
      ...['-graft-points', `/=${staging}`, ...mapped],
    ],
    { env: imageEnvironment(context.sourceDateEpoch), writes: file },
  );
  return {
    artifact: { file, name: fileName, mediaType: 'application/x-iso9660-image', written },
    facts: { kernel: version, modules: String(modules.length) },
  };
}

/** A module as it stands in the ISO. */
interface StackedModule extends ModuleFile {
  readonly name: string;
}

/** Writes the list by which live-boot(7) stacks the modules, the last on top. */
async function stackModules(context: Context, live: string): Promise<StackedModule[]> {
  const modules: StackedModule[] = [];
  const checked = await Promise.all(context.options.modules.map((step) => context.layers.module(step)));
  for (const [position, { file, layers }] of checked.entries()) {
    const step = context.options.modules[position] ?? '';
    const name = `${String(position + 1).padStart(2, '0')}-${step.replace(/^module\./, '')}.squashfs`;
    modules.push({ name, file, layers });
  }
  await writeFile(join(live, 'filesystem.module'), modules.map(({ name }) => `${name}\n`).join(''));
  return modules;
}

/** Gives a folder and all in it one time: Rock Ridge records the times of the files that it is made from. */
async function setTimes(folder: string, epoch: number): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true })) await utimes(join(folder, entry), epoch, epoch);
  await utimes(folder, epoch, epoch);
}

async function makeBiosLoader(context: PrepareContext<Options>, early: string, file: string): Promise<void> {
  await context.exec([
    ...(['grub-mkimage', '-O', 'i386-pc-eltorito', '-o', file, '-p', '/boot/grub', '-c', early] as const),
    ...biosModules,
  ]);
}

/** 4 MiB hold the loader (under 1.5 MiB) with room; the serial number is fixed so that equal inputs give equal bytes. */
async function makeEfiPartition(context: PrepareContext<Options>, early: string, file: string): Promise<void> {
  const loader = efiLoaders[context.architecture];
  const content = join(context.scratch, 'esp');
  const built = join(content, 'EFI/BOOT', loader.file);
  await mkdir(join(content, 'EFI/BOOT'), { recursive: true });
  const environment = fatEnvironment(context.sourceDateEpoch);
  await Promise.all([
    context.exec([
      ...(['grub-mkimage', '-O', loader.format, '-o', built, '-p', '/boot/grub', '-c', early] as const),
      ...efiModules,
    ]),
    context.exec(['mformat', '-C', '-i', file, '-T', '8192', '-h', '64', '-s', '32', '-N', '4c425549', '::'], {
      env: environment,
    }),
  ]);
  await setTimes(content, context.sourceDateEpoch);
  await context.exec(['mcopy', '-s', '-m', '-i', file, join(content, 'EFI'), '::/'], { env: environment });
}

export const iso: StepProgram<typeof declaration.options> = { declaration, prepare, run };

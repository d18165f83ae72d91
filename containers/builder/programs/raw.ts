/**
 * raw: makes a disk image: GPT, an EFI partition and an ext4 root, which boots with BIOS and with UEFI (on arm64 with
 * UEFI alone).
 *
 *   fileName: edge-web.img   Required.
 *   label: EDGE              Required: the label of the root file system.
 *   sizeMiB: 2048            Optional: what the tree needs and a quarter, rounded up to 64 MiB, and at least 512.
 *   cmdline: [quiet]         Kernel arguments after root=. console=ttyS0 puts the boot menu on the serial line too.
 *   hostname: edge-01        The entry's title in the boot menu; the system's name is the tree's /etc/hostname.
 *
 * Nothing is mounted and no loop device is used: everything is written to its place in a sparse file. The tree is read
 * as data and stays as it is; /etc/fstab and /boot/grub/grub.cfg are written into the image alone, the latter where
 * the tree has none. The boot loader is the builder root's. It is not signed: Secure Boot refuses it. Equal trees and
 * keys give equal bytes.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { raw as declaration } from '../../../core/plan/programs/raw.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { biosLoader, makeEfiPartition, writeRootSearch } from './disk/boot-loader.ts';
import { bootMenu, bootMenuPath } from './disk/boot-menu.ts';
import { type DiskLayout, diskLayout, diskSize } from './disk/disk-layout.ts';
import { efiMountPoint, fileSystemsTable } from './disk/file-systems-table.ts';
import { type DiskIdentity, diskIdentity } from './disk/identity.ts';
import { type DiskPart, partitionTable, sectorBytes } from './disk/partition-table.ts';
import { type AddedFile, makeRootFileSystem } from './disk/root-file-system.ts';
import { treeUsage } from './disk/tree-usage.ts';
import { kernelVersions } from './tree/kernels.ts';
import { existsInTree, readTreeFile } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

async function run(context: Context): Promise<ProgramOutcome> {
  const { architecture, options, tree } = context;
  const kernel = await newestBootable(context);
  const identity = diskIdentity(context.key);
  const usage = await treeUsage(tree);
  const sizeMiB = diskSize(usage, { sizeMiB: options.sizeMiB, architecture });
  const layout = diskLayout(sizeMiB, architecture, identity);
  const file = join(context.outputs, 'disk.img');
  await makeDisk(file, layout, identity);
  context.progress(5);

  // Each writes to a place of its own. Where one fails the other is waited for: nothing writes when this has ended.
  const made = await Promise.allSettled([
    makeLoaders(context, file, layout, identity),
    makeRootFileSystem(context, {
      disk: file,
      partition: layout.root,
      identity,
      label: options.label,
      usage,
      files: await addedFiles(context, identity),
      folders: [efiMountPoint],
    }),
  ]);
  for (const part of made) if (part.status === 'rejected') throw part.reason;
  return {
    artifact: { file, name: options.fileName, mediaType: 'application/vnd.efi.img' },
    facts: { kernel, sizeMiB: String(sizeMiB) },
  };
}

/** The newest kernel that has an initial RAM file system: the one that the boot menu will find. */
async function newestBootable(context: Context): Promise<string> {
  for (const version of (await kernelVersions(context)).toReversed()) {
    if (await existsInTree(context, `/boot/initrd.img-${version}`)) return version;
  }
  throw new StepError('step.failed', 'The image has no kernel with an initial RAM file system in /boot.');
}

/** Makes the sparse file with its partition table. */
async function makeDisk(file: string, layout: DiskLayout, identity: DiskIdentity): Promise<void> {
  const disk = await open(file, 'wx', 0o600);
  await disk.truncate(layout.bytes);
  await disk.close();
  const { biosBoot, efi, root } = layout;
  const partitions = biosBoot === undefined ? [efi, root] : [biosBoot, efi, root];
  await writeParts(file, partitionTable({ id: identity.disk, sectors: layout.bytes / sectorBytes, partitions }));
}

async function makeLoaders(context: Context, file: string, layout: DiskLayout, identity: DiskIdentity): Promise<void> {
  const early = await writeRootSearch(context, identity);
  await makeEfiPartition(context, early, file, layout, identity);
  if (layout.biosBoot !== undefined) await writeParts(file, await biosLoader(context, early, layout.biosBoot));
}

async function writeParts(file: string, parts: readonly DiskPart[]): Promise<void> {
  const disk = await open(file, 'r+');
  try {
    for (const { offset, bytes } of parts) await disk.write(bytes, 0, bytes.length, offset);
  } finally {
    await disk.close();
  }
}

async function addedFiles(context: Context, identity: DiskIdentity): Promise<AddedFile[]> {
  const { hostname, cmdline } = context.options;
  const present = (await readTreeFile(context, '/etc/fstab'))?.text ?? '';
  const table = { path: '/etc/fstab', text: fileSystemsTable(present, identity) };
  if (await existsInTree(context, bootMenuPath)) {
    context.log(`${bootMenuPath} is the image's own: it is left as it is, and must find the kernel by itself`);
    return [table];
  }
  return [table, { path: bootMenuPath, text: bootMenu(hostname, identity.rootFileSystem, cmdline) }];
}

export const raw: StepProgram<typeof declaration.options> = { declaration, run };

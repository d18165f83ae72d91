import { open } from 'node:fs/promises';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { bootMenuPath } from '../boot/grub-configuration.ts';
import { kernelVersions } from '../tree/kernels.ts';
import { existsInTree, readTreeFile } from '../tree/tree-file.ts';
import { biosLoader, makeEfiPartition, writeRootSearch } from './boot-loader.ts';
import { bootMenu } from './boot-menu.ts';
import { type DiskLayout, diskLayout, diskSize } from './disk-layout.ts';
import { efiMountPoint, fileSystemsTable } from './file-systems-table.ts';
import { type DiskIdentity, diskIdentity } from './identity.ts';
import { type DiskPart, partitionTable, sectorBytes } from './partition-table.ts';
import { type AddedFile, makeRootFileSystem } from './root-file-system.ts';
import { treeUsage } from './tree-usage.ts';

/** What a disk is made of beside its tree. */
export interface DiskOptions {
  /** Label of the root file system. */
  readonly label: string;
  /** What the tree needs and a quarter where absent. */
  readonly sizeMiB?: number | undefined;
  /** Kernel arguments. */
  readonly cmdline: readonly string[];
  /** Title of the entry in the boot menu. */
  readonly hostname: string;
}

type Context = ProgramContext<DiskOptions>;

/**
 * Makes a disk of the tree as a sparse file: GPT, an EFI partition and an ext4 root, which boots with BIOS and with
 * UEFI (on arm64 with UEFI alone). Nothing is mounted and no loop device is used: everything is written to its place.
 * Equal trees and keys give equal bytes.
 * @param file where it is made; nothing may be there
 * @param type the type of the output, for refusals
 * @returns facts to show of it
 * @throws StepError where the tree has no kernel, does not fit the size asked for, or a file cannot be written
 */
export async function makeDiskImage(context: Context, file: string, type: string): Promise<Record<string, string>> {
  const { architecture, options, tree } = context;
  const kernel = await newestBootable(context);
  const identity = diskIdentity(context.key);
  const usage = await treeUsage(tree);
  const sizeMiB = diskSize(usage, { type, sizeMiB: options.sizeMiB, architecture });
  const layout = diskLayout(sizeMiB, architecture, identity);
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
  return { kernel, sizeMiB: String(sizeMiB) };
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

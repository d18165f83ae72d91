import { open } from 'node:fs/promises';
import type { DiskLayoutOptions } from '../../../../core/plan/programs/raw.ts';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { bootMenuPath } from '../boot/grub-configuration.ts';
import { kernelVersions } from '../tree/kernels.ts';
import { existsInTree, readTreeFile } from '../tree/tree-file.ts';
import { biosLoader, makeEfiPartition, writeRootSearch } from './boot-loader.ts';
import { bootMenu } from './boot-menu.ts';
import { type DiskLayout, diskLayout, diskSize } from './disk-layout.ts';
import type { AddedFile } from './ext4-file-system.ts';
import { makeFileSystems } from './file-systems.ts';
import { fileSystemsTable } from './file-systems-table.ts';
import { type DiskIdentity, diskIdentity } from './identity.ts';
import { fileSystemUsage, mountPointsOf } from './mounted-partitions.ts';
import { type FileSystemUsage, partitionSizes } from './partition-sizes.ts';
import { type DiskPart, partitionTable, sectorBytes } from './partition-table.ts';
import { swapHeader } from './swap-area.ts';

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
  /** How it is divided; an EFI partition and the root where absent. */
  readonly layout?: DiskLayoutOptions | undefined;
}

type Context = ProgramContext<DiskOptions>;

/**
 * Makes a disk of the tree as a sparse file: GPT, an EFI partition, an ext4 root and what the spec adds, which boots
 * with BIOS and with UEFI (on arm64 with UEFI alone). Nothing is mounted and no loop device is used: everything is written to its place.
 * Equal trees and keys give equal bytes.
 * @param file where it is made; nothing may be there
 * @param type the type of the output, for refusals
 * @returns facts to show of it
 * @throws StepError where the tree has no kernel, does not fit the size asked for, or a file cannot be written
 */
export async function makeDiskImage(context: Context, file: string, type: string): Promise<Record<string, string>> {
  const { options } = context;
  const kernel = await newestBootable(context);
  const identity = diskIdentity(context.key);
  const points = await mountPointsOf(context, options.layout?.partitions ?? []);
  const usage = await fileSystemUsage(context, points);
  const layout = layoutFor(context, type, usage, identity);
  await makeDisk(file, layout, identity);
  context.progress(5);

  // Each writes to a place of its own. Where one fails the other is waited for: nothing writes when this has ended.
  const made = await Promise.allSettled([
    makeLoaders(context, file, layout, identity),
    makeFileSystems(context, {
      ...{ disk: file, layout, identity, points, usage, label: options.label },
      files: await addedFiles(context, identity),
      swap: options.layout?.swap,
    }),
  ]);
  for (const part of made) if (part.status === 'rejected') throw part.reason;
  return { kernel, sizeMiB: String(layout.bytes / 2 ** 20) };
}

/** Where everything lies on the disk, whose size is the one asked for or what the tree needs. */
function layoutFor(context: Context, type: string, usage: FileSystemUsage, identity: DiskIdentity): DiskLayout {
  const { architecture, key, options } = context;
  const wanted = { type, sizeMiB: options.sizeMiB, architecture };
  if (options.layout === undefined) return diskLayout(diskSize(usage.root, wanted), architecture, identity);
  const sizes = partitionSizes(options.layout, usage, wanted);
  return diskLayout(sizes.diskMiB, architecture, identity, { key, partitions: options.layout.partitions ?? [], sizes });
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
  const { biosBoot, efi, swap, mounted, root } = layout;
  const others = [biosBoot, efi, swap].filter((partition) => partition !== undefined);
  const partitions = [...others, ...mounted.map(({ place }) => place), root];
  await writeParts(file, partitionTable({ id: identity.disk, sectors: layout.bytes / sectorBytes, partitions }));
  if (swap !== undefined) {
    await writeParts(file, [{ offset: swap.offset, bytes: swapHeader(identity.swapArea, swap.bytes) }]);
  }
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

/**
 * Tells systemd-repart, which runs at each boot, that the root partition may take what is free behind it; all others stay
 * as they are. x-systemd.growfs in /etc/fstab then lets its file system grow.
 */
const growingRoot: AddedFile = { path: '/etc/repart.d/50-root.conf', text: '[Partition]\nType=root\n' };

async function addedFiles(context: Context, identity: DiskIdentity): Promise<AddedFile[]> {
  const { hostname, cmdline, layout } = context.options;
  const present = (await readTreeFile(context, '/etc/fstab'))?.text ?? '';
  const table = {
    path: '/etc/fstab',
    text: fileSystemsTable(present, identity, layout && { layout, key: context.key }),
  };
  const files: AddedFile[] = [table];
  if (layout?.growth !== undefined) {
    if (await existsInTree(context, growingRoot.path)) {
      context.log(`${growingRoot.path} is the image's own: it is left as it is, and must let the root grow by itself`);
    } else files.push(growingRoot);
  }
  if (await existsInTree(context, bootMenuPath)) {
    context.log(`${bootMenuPath} is the image's own: it is left as it is, and must find the kernel by itself`);
    return files;
  }
  // Its kernel arguments are root’s alone to see.
  const menu = { path: bootMenuPath, text: bootMenu(hostname, identity.rootFileSystem, cmdline), mode: 0o600 };
  return [...files, menu];
}

import { type DiskLayoutOptions, swapFile } from '../../../../core/plan/programs/raw.ts';
import type { ProgramContext } from '../../contract.ts';
import type { DiskLayout } from './disk-layout.ts';
import { type AddedFile, type FolderAttributes, makeExt4FileSystem } from './ext4-file-system.ts';
import { efiMountPoint } from './file-systems-table.ts';
import { type DiskIdentity, partitionIdentity } from './identity.ts';
import { dividedTree, type MountPoint } from './mounted-partitions.ts';
import type { FileSystemUsage } from './partition-sizes.ts';
import { fillFat, formatFat } from './vfat-file-system.ts';

type Context = ProgramContext<unknown>;

export interface FileSystemsOptions {
  readonly disk: string;
  readonly layout: DiskLayout;
  readonly identity: DiskIdentity;
  /** Label of the root file system. */
  readonly label: string;
  /** In the order of the layout's partitions, as `usage`. */
  readonly points: readonly MountPoint[];
  readonly usage: FileSystemUsage;
  /** Files that the image has and the tree has not. */
  readonly files: readonly AddedFile[];
  readonly swap: DiskLayoutOptions['swap'];
}

/**
 * Makes the file systems of a disk from the tree, which stays as it is: what lies deepest first, so that each partition's
 * contents are gone from what it is mounted over when that is made.
 * @throws StepError where a file cannot be put into one
 */
export async function makeFileSystems(context: Context, options: FileSystemsOptions): Promise<void> {
  const { disk, layout, identity, label, points, usage, files, swap } = options;
  const divided = await dividedTree(context, points);
  const missing = points.filter(({ attributes }) => attributes === undefined).map(({ path }) => path);
  // The folder of a mount point that the tree has not, in the file system that it lies in.
  const foldersOf = (mountPoint: string) =>
    missing.filter((path) => path !== mountPoint && holderOf(path, points) === mountPoint);
  const mounts = layout.mounted.map((mounted, at) => ({ ...mounted, at, point: points[at] }));
  for (const { partition, place, at, point } of mounts.toReversed()) {
    const own = usage.partitions[at];
    if (point === undefined || own === undefined) throw new Error(`${partition.mountPoint} was not looked at`);
    const source = await divided.contentsOf(point);
    const { fileSystem, hashSeed, serial } = partitionIdentity(context.key, partition.mountPoint);
    if (partition.fileSystem === 'vfat') {
      await fillFat(context, await formatFat(context, disk, place, serial), source, partition.mountPoint);
    } else {
      await makeExt4FileSystem(context, {
        ...{ disk, source, hashSeed, partition: place, uuid: fileSystem, usage: own, files: [] },
        ...{ mountPoint: partition.mountPoint, folders: foldersOf(partition.mountPoint) },
        rootFolder: point.attributes ?? newFolder(context),
      });
    }
    await divided.empty(point);
  }
  const inFile =
    swap?.kind === 'file' ? { path: swapFile, uuid: identity.swapArea, bytes: swap.sizeMiB * 2 ** 20 } : undefined;
  await makeExt4FileSystem(context, {
    ...{ disk, label, files, partition: layout.root, source: divided.root, mountPoint: '', usage: usage.root },
    ...{ uuid: identity.rootFileSystem, hashSeed: identity.hashSeed, swapFile: inFile },
    folders: [efiMountPoint, ...foldersOf('')],
  });
}

/** Where the file system is mounted in which a path lies: the longest mount point above it, or none for the root. */
function holderOf(path: string, points: readonly MountPoint[]): string {
  const above = points.map((point) => point.path).filter((one) => path.startsWith(`${one}/`));
  return above.sort((a, b) => b.length - a.length)[0] ?? '';
}

function newFolder(context: Context): FolderAttributes {
  return { mode: 0o755, uid: 0, gid: 0, mtime: context.sourceDateEpoch };
}

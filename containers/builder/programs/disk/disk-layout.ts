import { type DiskLayoutOptions, diskRoom, largestDiskMiB } from '../../../../core/plan/programs/raw.ts';
import { StepError } from '../../step-error.ts';
import { type DiskIdentity, partitionIdentity } from './identity.ts';
import { type Partition, partitionTypes, sectorBytes } from './partition-table.ts';
import type { TreeUsage } from './tree-usage.ts';

const mib = 1_048_576;
const sectorsOfMiB = mib / sectorBytes;

/** No disk is smaller: below that, a journal and a kernel upgrade do not fit beside the smallest system. */
export const smallestMiB = 512;
/** Disks whose size nobody gave are a multiple of this. */
export const roundedToMiB = 64;
/** Journal and group descriptors of a file system of the smallest size. */
const fixedMiB = 32;

/** UTF-16 code units of the longest name of a partition. */
const longestName = 36;

/** A partition and its place in bytes. */
export type PlacedPartition = Partition & { readonly offset: number; readonly bytes: number };

/** Sizes of the parts of a divided disk in MiB. */
export interface PartitionSizes {
  readonly diskMiB: number;
  readonly efiMiB: number;
  /** 0 where there is no such partition. */
  readonly swapMiB: number;
  /** In the order of the options. */
  readonly partitionsMiB: readonly number[];
  readonly rootMiB: number;
}

/** A partition that the spec adds. */
export type MountedPartition = NonNullable<DiskLayoutOptions['partitions']>[number];

export interface DiskLayout {
  readonly bytes: number;
  /** On amd64 only: where a BIOS finds GRUB. */
  readonly biosBoot: PlacedPartition | undefined;
  readonly efi: PlacedPartition;
  readonly swap: PlacedPartition | undefined;
  /** Those that the spec adds, in its order. */
  readonly mounted: readonly { readonly partition: MountedPartition; readonly place: PlacedPartition }[];
  /** The last one, so that it can grow with the disk. */
  readonly root: PlacedPartition;
}

/** MiB of all that is not the root partition. */
function aroundRoot(architecture: 'amd64' | 'arm64'): number {
  return 2 * diskRoom.table + diskRoom.efi + (architecture === 'amd64' ? diskRoom.biosBoot : 0);
}

/**
 * The size of the disk in MiB: the one asked for, or what the tree needs and a quarter, rounded up.
 * @throws StepError where the tree does not fit the size asked for, or the largest disk
 */
export function diskSize(
  usage: TreeUsage,
  options: {
    /** The type of the output, for the refusal. */
    readonly type: string;
    readonly sizeMiB?: number | undefined;
    readonly architecture: 'amd64' | 'arm64';
  },
): number {
  const need = usage.bytes / mib;
  const around = aroundRoot(options.architecture) + fixedMiB;
  // What a file system of any size needs for itself: inodes that are not used yet, bitmaps, a larger journal.
  const least = Math.max(smallestMiB, Math.ceil(need * 1.08 + around));
  if (least > largestDiskMiB) {
    throw new StepError(
      'step.failed',
      `outputs, type ${options.type}: the image needs a disk of ${least} MiB, and the largest has ${largestDiskMiB}; take large files out of it, and files with large holes.`,
    );
  }
  if (options.sizeMiB === undefined) {
    const roomy = Math.ceil((need * 1.25 + around) / roundedToMiB) * roundedToMiB;
    return Math.min(largestDiskMiB, Math.max(smallestMiB, roomy));
  }
  if (options.sizeMiB < least) {
    throw new StepError(
      'step.failed',
      `outputs, type ${options.type}: sizeMiB is ${options.sizeMiB}, and the image needs at least ${least}; give as much, or leave it out.`,
    );
  }
  return options.sizeMiB;
}

/** MiB of an ext4 that holds so many bytes, as little as is enough, and with a quarter more. */
export function ext4Needs(bytes: number): { readonly least: number; readonly roomy: number } {
  const need = bytes / mib;
  return { least: Math.ceil(need * 1.08 + fixedMiB), roomy: Math.ceil(need * 1.25 + fixedMiB) };
}

/**
 * Where everything lies on a disk of so many MiB.
 * @param divided what the spec adds, with the step's key and the sizes of all parts; absent: an EFI partition and the root
 */
export function diskLayout(
  sizeMiB: number,
  architecture: 'amd64' | 'arm64',
  identity: DiskIdentity,
  divided?: { readonly key: string; readonly partitions: readonly MountedPartition[]; readonly sizes: PartitionSizes },
): DiskLayout {
  let next: number = diskRoom.table;
  const place = (partitionMiB: number, partition: Pick<Partition, 'type' | 'id' | 'name'>): PlacedPartition => {
    const offset = next * mib;
    next += partitionMiB;
    return {
      ...partition,
      offset,
      bytes: partitionMiB * mib,
      firstSector: offset / sectorBytes,
      sectors: partitionMiB * sectorsOfMiB,
    };
  };
  const { biosBootPartition, efiPartition, rootPartition } = identity;
  const { key = '', sizes, partitions = [] } = divided ?? {};
  const biosBoot =
    architecture === 'amd64'
      ? place(diskRoom.biosBoot, { type: partitionTypes.biosBoot, id: biosBootPartition, name: 'bios' })
      : undefined;
  const efi = place(sizes?.efiMiB ?? diskRoom.efi, { type: partitionTypes.efiSystem, id: efiPartition, name: 'esp' });
  const swapMiB = sizes?.swapMiB ?? 0;
  const swap =
    swapMiB > 0 ? place(swapMiB, { type: partitionTypes.swap, id: identity.swapPartition, name: 'swap' }) : undefined;
  const mounted = partitions.map((partition, at) => {
    const { mountPoint, fileSystem } = partition;
    return {
      partition,
      place: place(sizes?.partitionsMiB[at] ?? 0, {
        type: fileSystem === 'vfat' ? partitionTypes.basicData : partitionTypes.linux,
        id: partitionIdentity(key, mountPoint).partition,
        name: mountPoint.slice(1).replaceAll('/', '-').slice(0, longestName),
      }),
    };
  });
  const rootMiB = sizes?.rootMiB ?? sizeMiB - next - diskRoom.table;
  const root = place(rootMiB, { type: partitionTypes.root[architecture], id: rootPartition, name: 'root' });
  return { bytes: sizeMiB * mib, biosBoot, efi, swap, mounted, root };
}

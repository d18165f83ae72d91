import { largestDiskMiB } from '../../../../core/plan/programs/raw.ts';
import { StepError } from '../../step-error.ts';
import type { DiskIdentity } from './identity.ts';
import { type Partition, partitionTypes, sectorBytes } from './partition-table.ts';
import type { TreeUsage } from './tree-usage.ts';

const mib = 1_048_576;
const sectorsOfMiB = mib / sectorBytes;

/**
 * MiB of each part but the root partition. The first and the last MiB hold the partition table and its copy; GRUB's
 * image is under 200 KiB; the EFI partition is FAT32 as the UEFI specification wants it of a disk, and 64 MiB leave
 * room for another loader and for firmware updates.
 */
const sizes = { table: 1, biosBoot: 1, efi: 64 } as const;

/** No disk is smaller: below that, a journal and a kernel upgrade do not fit beside the smallest system. */
const smallestMiB = 512;
/** Disks whose size nobody gave are a multiple of this. */
const roundedToMiB = 64;
/** Journal and group descriptors of a file system of the smallest size. */
const fixedMiB = 32;

/** A partition and its place in bytes. */
export type PlacedPartition = Partition & { readonly offset: number; readonly bytes: number };

export interface DiskLayout {
  readonly bytes: number;
  /** On amd64 only: where a BIOS finds GRUB. */
  readonly biosBoot: PlacedPartition | undefined;
  readonly efi: PlacedPartition;
  /** The last one, so that it can grow with the disk. */
  readonly root: PlacedPartition;
}

/** MiB of all that is not the root partition. */
function aroundRoot(architecture: 'amd64' | 'arm64'): number {
  return 2 * sizes.table + sizes.efi + (architecture === 'amd64' ? sizes.biosBoot : 0);
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

/** Where everything lies on a disk of so many MiB. */
export function diskLayout(sizeMiB: number, architecture: 'amd64' | 'arm64', identity: DiskIdentity): DiskLayout {
  let next: number = sizes.table;
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
  const biosBoot =
    architecture === 'amd64'
      ? place(sizes.biosBoot, { type: partitionTypes.biosBoot, id: biosBootPartition, name: 'bios' })
      : undefined;
  const efi = place(sizes.efi, { type: partitionTypes.efiSystem, id: efiPartition, name: 'esp' });
  const rootMiB = sizeMiB - next - sizes.table;
  const root = place(rootMiB, { type: partitionTypes.root[architecture], id: rootPartition, name: 'root' });
  return { bytes: sizeMiB * mib, biosBoot, efi, root };
}

import { type DiskLayoutOptions, diskRoom, largestDiskMiB } from '../../../../core/plan/programs/raw.ts';
import { StepError } from '../../step-error.ts';
import { ext4Needs, type PartitionSizes, roundedToMiB, smallestMiB } from './disk-layout.ts';
import type { TreeUsage } from './tree-usage.ts';

const mib = 1_048_576;

/** What lies in each file system, in the order of the options. */
export interface FileSystemUsage {
  readonly root: TreeUsage;
  readonly partitions: readonly TreeUsage[];
}

/** A file system with the least and the roomy size that it needs in MiB. */
interface Part {
  /** For refusals: the field that gives its size, and what it is. */
  readonly field: string;
  readonly least: number;
  readonly roomy: number;
  readonly sizeMiB: number | undefined;
  /** Percent of what parts with a size leave. */
  readonly share: number;
}

/**
 * Sizes of all parts of a disk that the spec divides. Parts of a share, and a root without a size, divide among
 * themselves what those with a size leave of the disk; of a disk without a size these get what they need and a quarter.
 * @throws StepError where what the image holds does not fit a part, or the parts do not fit the disk; with the size
 *   that does
 */
export function partitionSizes(
  layout: DiskLayoutOptions,
  usage: FileSystemUsage,
  options: {
    /** The type of the output, for the refusal. */
    readonly type: string;
    readonly sizeMiB?: number | undefined;
    readonly architecture: 'amd64' | 'arm64';
  },
): PartitionSizes {
  const { partitions = [], swap } = layout;
  const parts = partitions.map(({ mountPoint, fileSystem, sizeMiB, share = 0 }, at): Part => {
    const needs = fileSystem === 'vfat' ? vfatNeeds : ext4Needs;
    const { least, roomy } = needs(usage.partitions[at]?.bytes ?? 0);
    return { field: `disk.partitions, ${mountPoint}`, least, roomy, sizeMiB, share: sizeMiB === undefined ? share : 0 };
  });
  const rootShare = 100 - parts.reduce((sum, part) => sum + part.share, 0);
  const inRoot = swap?.kind === 'file' ? swap.sizeMiB : 0;
  const ofTree = ext4Needs(usage.root.bytes);
  const rootSize = layout.root?.sizeMiB;
  const root: Part = {
    field: 'disk.root',
    least: ofTree.least + inRoot,
    roomy: ofTree.roomy + inRoot,
    sizeMiB: rootSize,
    share: rootSize === undefined ? rootShare : 0,
  };
  for (const { field, least, sizeMiB } of [...parts, root]) {
    if (sizeMiB === undefined || sizeMiB >= least) continue;
    const reason = `sizeMiB is ${sizeMiB}, and what the image holds there needs at least ${least}`;
    throw new StepError('step.failed', `${field}: ${reason}; give as much, or a share.`);
  }
  const efiMiB = layout.efi?.sizeMiB ?? diskRoom.efi;
  const swapMiB = (swap?.sizeMiB ?? 0) - inRoot;
  const sized = [...parts, root].reduce((sum, { sizeMiB = 0 }) => sum + sizeMiB, 0);
  const biosBoot = options.architecture === 'amd64' ? diskRoom.biosBoot : 0;
  const own = 2 * diskRoom.table + biosBoot + efiMiB + swapMiB + sized;
  const sharing = [...parts, root].filter(({ share }) => share > 0);
  const diskMiB = sizeOfDisk(own, sharing, options);
  const rest = diskMiB - own;
  const sizeOf = ({ sizeMiB, share }: Part) => sizeMiB ?? Math.floor((rest * share) / 100);
  const partitionsMiB = parts.map(sizeOf);
  const others = partitionsMiB.reduce((sum, size) => sum + size, 0);
  const rootMiB = rootSize ?? diskMiB - (own - sized) - others;
  return { diskMiB, efiMiB, swapMiB, partitionsMiB, rootMiB };
}

function sizeOfDisk(
  own: number,
  sharing: readonly Part[],
  { type, sizeMiB }: { readonly type: string; readonly sizeMiB?: number | undefined },
): number {
  const restFor = (need: 'least' | 'roomy') =>
    Math.max(0, ...sharing.map((part) => Math.ceil((part[need] * 100) / part.share)));
  const least = Math.max(smallestMiB, own + restFor('least'));
  if (least > largestDiskMiB) {
    throw new StepError(
      'step.failed',
      `outputs, type ${type}: the image with its partitions needs a disk of ${least} MiB, and the largest has ${largestDiskMiB}; give smaller partitions, or larger shares where much lies.`,
    );
  }
  if (sizeMiB === undefined) {
    const rounded = Math.ceil((own + restFor('roomy')) / roundedToMiB) * roundedToMiB;
    return Math.min(largestDiskMiB, Math.max(least, sharing.length === 0 ? own : rounded));
  }
  if (sizeMiB < least) {
    throw new StepError(
      'step.failed',
      `outputs, type ${type}: sizeMiB is ${sizeMiB}, and the image with its partitions needs at least ${least}; give as much, leave it out, or give smaller partitions.`,
    );
  }
  return sizeMiB;
}

/** MiB of a FAT32 that holds so many bytes of files in blocks of 4 KiB: its two tables and half a cluster a file. */
function vfatNeeds(bytes: number): { readonly least: number; readonly roomy: number } {
  const need = bytes / mib;
  return { least: Math.ceil(need * 1.1 + 36), roomy: Math.ceil(need * 1.35 + 36) };
}

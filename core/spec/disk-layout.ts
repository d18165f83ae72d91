import { z } from 'zod';
import { quoted } from '../text.ts';
import type { FieldPath } from './field-path.ts';
import { specLimits } from './limits.ts';
import { type Refusal, ruledText } from './refusal.ts';

/** File systems of the root, and of partitions beside it. */
export const rootFileSystems = ['ext4'] as const;
export const partitionFileSystems = ['ext4', 'vfat'] as const;
/** What a mount may be told, in the words of mount(8). */
export const mountOptions = ['noatime', 'nodev', 'noexec', 'nosuid'] as const;
/** Where swap lies. */
export const swapKinds = ['partition', 'file'] as const;
/** The file, where it is one. */
export const swapFile = '/swapfile';

/**
 * MiB of what every disk has. The first and the last MiB hold the partition table and its copy; GRUB's image for a BIOS
 * is under 200 KiB; the EFI partition is FAT32 as the UEFI specification wants it of a disk, and 64 MiB leave room for
 * another loader and for firmware updates.
 */
export const diskRoom = { table: 1, biosBoot: 1, efi: 64 } as const;

/**
 * MiB of the smallest root, which holds no system but leaves the answer to the builder, and of the smallest partition:
 * FAT32 begins at 33, and ext4 has a journal.
 */
export const leastMiB = { root: 256, partition: 64, swap: 16 } as const;

/** Folders that cannot be a file system of their own, each with the reason. */
const noMountPoints: readonly { readonly pattern: RegExp; readonly reason: string; readonly remedy: string }[] = [
  {
    pattern: /^\/$/,
    reason: 'the root file system is there in any case',
    remedy: 'Say its size and file system in `disk.root`.',
  },
  {
    pattern: /^\/boot(\/|$)/,
    reason:
      'the boot loader finds its menu and the kernels in the root file system, and /boot/efi is there in any case',
    remedy: 'Leave it out; `disk.efi` says the size of /boot/efi.',
  },
  {
    pattern: /^\/(proc|sys|dev|run|var\/run|var\/lock)(\/|$)/,
    reason: 'the running system makes what lies there',
    remedy: 'Leave it out.',
  },
  {
    pattern: /^\/(usr|etc|bin|sbin|lib|lib32|lib64|libx32|usr\/(bin|sbin|lib|lib32|lib64|libx32|share))(\/|$)/,
    reason: 'the system needs what lies there before it mounts anything',
    remedy: 'Choose another folder: /usr/local, /opt, /srv, /home, or what is below /var.',
  },
];

/** Folders of `noMountPoints` below which a mount point may lie all the same. */
const allowedBelow = /^\/usr\/(local|src)(\/|$)/;

/** Judges a mount point. It becomes a word of /etc/fstab and of debugfs's commands, so its characters are few. */
function mountPointRefusal(path: string): Refusal | undefined {
  const shown = quoted(path);
  if (!path.startsWith('/')) {
    const reason = `${shown} is not an absolute path`;
    return { code: 'spec.path_relative', reason, remedy: 'Begin the path with `/`, the root of the image.' };
  }
  if (path.split('/').includes('..')) {
    const reason = `${shown} holds \`..\``;
    return { code: 'spec.path_traversal', reason, remedy: 'Write the path that is meant, without `..`.' };
  }
  const isNormal = path === '/' || path.split('/').every((part, at) => at === 0 || !/^\.?$/.test(part));
  if (path.length > 255 || !/^[A-Za-z0-9_.+/-]+$/.test(path) || !isNormal) {
    return {
      code: path.length > 255 ? 'spec.too_large' : 'spec.invalid_value',
      reason: `${shown} is not a mount point in its normal form`,
      remedy:
        'Give at most 255 letters, digits and _ . + -, with single slashes and none at the end, such as /var/log.',
    };
  }
  const rule = allowedBelow.test(path) ? undefined : noMountPoints.find(({ pattern }) => pattern.test(path));
  if (rule === undefined) return undefined;
  return {
    code: 'spec.path_forbidden',
    reason: `${shown} cannot be a partition: ${rule.reason}`,
    remedy: rule.remedy,
  };
}

const sizeField = (least: number) => z.int().min(least).max(specLimits.diskMiB.value);

const partitionSchema = z
  .strictObject({
    mountPoint: ruledText(mountPointRefusal, { minLength: 2, maxLength: 255 }).describe(
      'Where it is mounted, such as /var. What the image has below that path lies on this partition.',
    ),
    fileSystem: z
      .enum(partitionFileSystems)
      .default('ext4')
      .describe('Its file system. vfat knows no owners, modes and links.'),
    sizeMiB: sizeField(leastMiB.partition).optional().describe('Its size in MiB. Either this or `share`.'),
    share: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('Percent that it takes of what all parts with a size in MiB leave free. Either this or `sizeMiB`.'),
    options: z
      .array(z.enum(mountOptions).describe('Option.'))
      .max(mountOptions.length)
      .optional()
      .describe('How it is mounted, beside the defaults.'),
  })
  .describe('A partition.');

/** How a disk is divided, as every output that is a disk can be. */
export const diskLayoutSchema = z
  .strictObject({
    efi: z
      .strictObject({
        sizeMiB: sizeField(leastMiB.partition).describe('Its size in MiB.'),
      })
      .optional()
      .describe(`The EFI partition, /boot/efi. Omitted: ${diskRoom.efi} MiB.`),
    root: z
      .strictObject({
        fileSystem: z.enum(rootFileSystems).default('ext4').describe('Its file system.'),
        sizeMiB: sizeField(leastMiB.root)
          .optional()
          .describe('Its size in MiB. Omitted: what the other partitions leave.'),
      })
      .optional()
      .describe('The root file system, the last partition of the disk.'),
    partitions: z
      .array(partitionSchema)
      .max(specLimits.partitions.value)
      .optional()
      .describe('More partitions, each mounted at its place.'),
    swap: z
      .strictObject({
        sizeMiB: sizeField(leastMiB.swap).describe('Its size in MiB.'),
        kind: z
          .enum(swapKinds)
          .default('partition')
          .describe(`A partition, or the file ${swapFile} in the root file system.`),
      })
      .optional()
      .describe('Swap. Omitted: none.'),
    growth: z
      .enum(['first-boot'])
      .optional()
      .describe(
        'The root partition and its file system grow to the end of the disk when the system boots for the first time, or later on a disk that has become larger.',
      ),
  })
  .describe('How a disk is divided.');

/** The section of the spec: the layout, and what is refused with a reason of its own. */
export const diskSchema = z
  .strictObject({
    ...diskLayoutSchema.shape,
    encryption: z.enum(['luks2']).optional().describe('Encryption of partitions. No output can have it.'),
    volumes: z
      .enum(['lvm'])
      .optional()
      .describe('Logical volumes in the place of partitions. No output can have them.'),
  })
  .describe('How the disk of an output is divided into partitions. Omitted: an EFI partition and an ext4 root.');

export type DiskSection = z.output<typeof diskSchema>;
export type DiskLayoutOptions = z.output<typeof diskLayoutSchema>;

/** The section with its partitions in the order in which they are mounted; undefined where it says nothing. */
export function resolveDisk(disk: DiskSection | undefined): DiskSection | undefined {
  if (disk === undefined) return undefined;
  const { partitions = [], ...rest } = disk;
  const sorted = partitions
    .map(({ options = [], ...partition }) => ({
      ...partition,
      ...(options.length > 0 && { options: options.toSorted() }),
    }))
    .toSorted((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1));
  const resolved = { ...rest, ...(sorted.length > 0 && { partitions: sorted }) };
  return Object.keys(resolved).length === 0 ? undefined : resolved;
}

/** Why an image has no btrfs, with what to do; decision 0043 says what was tried. */
export const withoutBtrfs = {
  reason: 'mkfs.btrfs puts random ids and the time into what it makes, so that equal specs would give other bytes',
  remedy: 'Use ext4.',
} as const;

/** What is said of a file system that people ask for and that cannot be had; undefined where nothing is known of it. */
export function fileSystemRefusal(path: FieldPath, value: unknown): Refusal | undefined {
  if (path[0] !== 'disk' || path.at(-1) !== 'fileSystem' || value !== 'btrfs') return undefined;
  const { reason, remedy } = withoutBtrfs;
  return { code: 'spec.unsupported_option', reason: `no output can have btrfs: ${reason}`, remedy };
}

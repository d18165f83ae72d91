import { withoutBtrfs } from './disk-layout.ts';
import { no, noted, yes } from './verdict.ts';

const undivided = no(
  'it has no disk that could be divided',
  'Remove it, or add an output that is a disk: raw, qcow2, vmdk, vhd, vhdx or ova.',
);

/** What can be said of the disk to an output that is none. No output can be encrypted or have volumes, in any mode. */
export const withoutDisk = {
  'disk.efi': undivided,
  'disk.root': undivided,
  'disk.partitions': undivided,
  'disk.swap': undivided,
  'disk.growth': undivided,
  'disk.encryption': no(
    'equal specs give equal bytes, so that every copy would have one key, known to whoever knows the plan',
    'Remove it, and encrypt on each machine with a key of its own (cryptsetup reencrypt --encrypt).',
  ),
  'disk.volumes': no(
    'logical volumes are written through the device mapper of the kernel, which no container may use, and every builder makes the same bytes',
    'Remove it: `disk.partitions` divides the disk, and `disk.growth` lets the root grow; or make volumes at first boot.',
  ),
} as const;

/** What can be said of the disk to every output that is one. */
export const dividedDisk = {
  'disk.efi': yes,
  'disk.root': noted(`ext4. btrfs is refused: ${withoutBtrfs.reason}.`),
  'disk.partitions': noted(
    'ext4 or vfat. What the image has below a mount point lies on its partition; a vfat takes files and folders of root alone.',
  ),
  'disk.swap': yes,
  'disk.growth': noted(
    'By systemd-repart, which is installed where it is a package of its own (trixie, sid). Refused for Ubuntu, where it was not seen to work yet.',
  ),
} as const;

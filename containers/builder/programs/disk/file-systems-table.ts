import { type DiskIdentity, fatUuid } from './identity.ts';

/** Where the EFI partition is mounted, which is where Debian's boot loader packages look for it. */
export const efiMountPoint = '/boot/efi';

/** What stands in the table of a new Debian system: no longer true where the lines below are added. */
const unconfigured = '# UNCONFIGURED FSTAB FOR BASE SYSTEM';

/**
 * The text of /etc/fstab: what the tree's own says, and a line for each file system of the disk whose place that does
 * not speak of. The EFI partition holds up no boot, and is not checked: its checker is not in every image.
 */
export function fileSystemsTable(present: string, identity: DiskIdentity): string {
  const said = present.trim() === unconfigured ? '' : present;
  const own = [
    { place: '/', line: `UUID=${identity.rootFileSystem} / ext4 errors=remount-ro 0 1` },
    { place: efiMountPoint, line: `UUID=${fatUuid(identity.efiSerial)} ${efiMountPoint} vfat umask=0077,nofail 0 0` },
  ];
  const spokenOf = new Set(
    said
      .split('\n')
      .filter((line) => !/^\s*#/.test(line))
      .map((line) => line.trim().split(/\s+/)[1]),
  );
  const added = own.filter(({ place }) => !spokenOf.has(place)).map(({ line }) => line);
  const kept = said === '' || said.endsWith('\n') ? said : `${said}\n`;
  return `${kept}${added.map((line) => `${line}\n`).join('')}`;
}

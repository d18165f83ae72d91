import { type DiskLayoutOptions, swapFile } from '../../../../core/plan/programs/raw.ts';
import { type DiskIdentity, fatUuid, partitionIdentity } from './identity.ts';

/** Where the EFI partition is mounted, which is where Debian's boot loader packages look for it. */
export const efiMountPoint = '/boot/efi';

/** What stands in the table of a new Debian system: no longer true where the lines below are added. */
const unconfigured = '# UNCONFIGURED FSTAB FOR BASE SYSTEM';

/** How the spec divides the disk, and the key of the step that makes it. */
interface Divided {
  readonly layout: DiskLayoutOptions;
  readonly key: string;
}

/** A line of the table. Of what is mounted nowhere there may be many. */
interface Line {
  readonly place: string | undefined;
  readonly line: string;
}

/** Lines of what the spec adds to the disk; what is mounted below another stands after it. */
function addedLines({ layout, key }: Divided, identity: DiskIdentity): Line[] {
  const lines = (layout.partitions ?? []).map(({ mountPoint, fileSystem, options = [] }): Line => {
    const { fileSystem: uuid, serial } = partitionIdentity(key, mountPoint);
    const words = ['defaults', ...options].join(',');
    const line =
      fileSystem === 'vfat'
        ? `UUID=${fatUuid(serial)} ${mountPoint} vfat ${words} 0 0`
        : `UUID=${uuid} ${mountPoint} ext4 ${words} 0 2`;
    return { place: mountPoint, line };
  });
  if (layout.swap === undefined) return lines;
  const device = layout.swap.kind === 'file' ? swapFile : `UUID=${identity.swapArea}`;
  return [...lines, { place: undefined, line: `${device} none swap sw 0 0` }];
}

/**
 * The text of /etc/fstab: what the tree's own says, and a line for each file system of the disk whose place that does
 * not speak of. The EFI partition holds up no boot, and is not checked: its checker is not in every image.
 */
export function fileSystemsTable(present: string, identity: DiskIdentity, divided?: Divided): string {
  const said = present.trim() === unconfigured ? '' : present;
  const grows = divided?.layout.growth === undefined ? '' : ',x-systemd.growfs';
  const own: Line[] = [
    { place: '/', line: `UUID=${identity.rootFileSystem} / ext4 errors=remount-ro${grows} 0 1` },
    { place: efiMountPoint, line: `UUID=${fatUuid(identity.efiSerial)} ${efiMountPoint} vfat umask=0077,nofail 0 0` },
    ...(divided === undefined ? [] : addedLines(divided, identity)),
  ];
  const spokenOf = new Set(
    said
      .split('\n')
      .filter((line) => !/^\s*#/.test(line))
      .map((line) => line.trim().split(/\s+/)[1]),
  );
  const added = own.filter(({ place }) => place === undefined || !spokenOf.has(place)).map(({ line }) => line);
  const kept = said === '' || said.endsWith('\n') ? said : `${said}\n`;
  return `${kept}${added.map((line) => `${line}\n`).join('')}`;
}

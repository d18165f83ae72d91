import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { efiLoaders, fatEnvironment } from '../boot/efi-loader.ts';
import { earlyConfiguration } from '../boot/grub-configuration.ts';
import { biosDiskModules, efiDiskModules } from './boot-menu.ts';
import type { DiskLayout, PlacedPartition } from './disk-layout.ts';
import type { DiskIdentity } from './identity.ts';
import type { DiskPart } from './partition-table.ts';
import { formatFat } from './vfat-file-system.ts';

type Context = ProgramContext<unknown>;

/** Where GRUB's first stage stands in the builder root. */
const bootImage = '/usr/lib/grub/i386-pc/boot.img';

/**
 * Bytes of the boot sector before the disk's signature and the partition table; the field that names the sector of
 * core.img; the jump that skips a repair of the drive number (grub-core/boot/i386/pc/boot.S).
 */
const bootSector = { codeBytes: 0x1b8, nextSector: 0x5c, driveCheck: 0x66 } as const;
/** The field of core.img's first sector that names the sector of its second (diskboot.S: the last block list entry). */
const coreNextSector = 0x1f4;

/** Writes the script that both loaders run first. */
export async function writeRootSearch(context: Context, identity: DiskIdentity): Promise<string> {
  const file = join(context.scratch, 'early.cfg');
  await writeFile(file, earlyConfiguration({ uuid: identity.rootFileSystem }));
  return file;
}

/**
 * GRUB for a BIOS: the code of the boot sector, and core.img in a partition of its own. Both name sectors of this
 * disk, which grub-install writes with the help of a loop device, and which are written here.
 */
export async function biosLoader(context: Context, early: string, partition: PlacedPartition): Promise<DiskPart[]> {
  const bootFile = join(context.scratch, 'boot.img');
  const coreFile = join(context.scratch, 'core.img');
  await context.exec(['cp', bootImage, bootFile]);
  await context.exec(
    ['grub-mkimage', '-O', 'i386-pc', '-o', coreFile, '-p', '/boot/grub', '-c', early, ...biosDiskModules],
    { env: fatEnvironment(context.sourceDateEpoch) },
  );
  const core = await readFile(coreFile);
  if (core.length > partition.bytes) {
    throw new StepError('step.failed', `GRUB's image has ${core.length} bytes, more than its partition holds.`);
  }
  core.writeBigUInt64LE(BigInt(partition.firstSector + 1), coreNextSector);
  const code = (await readFile(bootFile)).subarray(0, bootSector.codeBytes);
  code.writeBigUInt64LE(BigInt(partition.firstSector), bootSector.nextSector);
  // Two NOPs: some BIOSes name the first floppy drive where they start a hard disk.
  code.writeUInt16LE(0x9090, bootSector.driveCheck);
  return [
    { offset: 0, bytes: code },
    { offset: partition.offset, bytes: core },
  ];
}

/** GRUB for UEFI: a FAT32 file system in the EFI partition of the disk, with the loader at the removable-media path. */
export async function makeEfiPartition(
  context: Context,
  early: string,
  disk: string,
  layout: DiskLayout,
  identity: DiskIdentity,
): Promise<void> {
  const loader = efiLoaders[context.architecture];
  const built = join(context.scratch, loader.file);
  const env = fatEnvironment(context.sourceDateEpoch);
  await context.exec(
    ['grub-mkimage', '-O', loader.format, '-o', built, '-p', '/boot/grub', '-c', early, ...efiDiskModules],
    { env },
  );
  await utimes(built, context.sourceDateEpoch, context.sourceDateEpoch);
  const image = await formatFat(context, disk, layout.efi, identity.efiSerial);
  await context.exec(['mmd', '-i', image, '::/EFI', '::/EFI/BOOT'], { env });
  await context.exec(['mcopy', '-m', '-i', image, built, `::/EFI/BOOT/${loader.file}`], { env });
}

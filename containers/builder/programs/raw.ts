/**
 * raw: makes a disk image: GPT, an EFI partition and an ext4 root, which boots with BIOS and with UEFI (on arm64 with
 * UEFI alone).
 *
 *   fileName: edge-web.img   Required.
 *   label: EDGE              Required: the label of the root file system.
 *   sizeMiB: 2048            Optional: what the tree needs and a quarter, rounded up to 64 MiB, and at least 512.
 *   cmdline: [quiet]         Kernel arguments after root=. console=ttyS0 puts the boot menu on the serial line too.
 *   hostname: edge-01        The entry's title in the boot menu; the system's name is the tree's /etc/hostname.
 *
 * Nothing is mounted and no loop device is used: everything is written to its place in a sparse file. The tree is read
 * as data and stays as it is; /etc/fstab and /boot/grub/grub.cfg are written into the image alone, the latter where
 * the tree has none. The boot loader is the builder root's. It is not signed: Secure Boot refuses it. Equal trees and
 * keys give equal bytes. The other forms of a disk (qcow2, vmdk, vhd, vhdx, ova) hold this one.
 */
import { join } from 'node:path';
import { raw as declaration } from '../../../core/plan/programs/raw.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { makeDiskImage } from './disk/disk-image.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const file = join(context.outputs, 'disk.img');
  const facts = await makeDiskImage(context, file, 'raw');
  return { artifact: { file, name: context.options.fileName, mediaType: 'application/vnd.efi.img' }, facts };
}

export const raw: StepProgram<typeof declaration.options> = { declaration, run };

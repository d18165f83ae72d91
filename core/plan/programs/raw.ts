import { z } from 'zod';
import { diskLayoutSchema, diskRoom, swapFile } from '../../spec/disk-layout.ts';
import { specLimits } from '../../spec/limits.ts';
import type { ProgramDeclaration } from './program.ts';

/** MiB of the largest disk, whoever chooses its size: the spec, or the builder by what the tree needs. */
export const largestDiskMiB = specLimits.diskMiB.value;

export type { DiskLayoutOptions } from '../../spec/disk-layout.ts';
export { diskRoom, swapFile };

/** What every form of a disk image is made of. */
export const diskOptions = {
  fileName: z.string().describe('Name of the artifact.'),
  label: z.string().describe('Label of the root file system: 1 to 16 of A-Z, 0-9 and _.'),
  sizeMiB: z.number().int().optional().describe('Size of the disk; what the tree needs and a quarter where absent.'),
  cmdline: z.array(z.string()).describe('Kernel arguments.'),
  hostname: z.string().describe('Title of the entry in the boot menu.'),
  layout: diskLayoutSchema.optional().describe('How the disk is divided; an EFI partition and the root where absent.'),
};

/** Commands of the builder root that make a disk image. */
export const diskTools = ['mke2fs', 'debugfs', 'grub-mkimage', 'cp', 'mformat', 'mcopy', 'mmd'] as const;

/** Declaration of `raw`: a disk image with a partition table, which boots with BIOS and UEFI. */
export const raw = {
  name: 'raw',
  version: 2,
  summary: 'Makes a disk image that boots with BIOS and UEFI',
  trust: 'seal',
  produces: 'artifact',
  reads: 'tree',
  labels: ['fileName'],
  hostTools: diskTools,
  timeoutSeconds: 3_600,
  options: z.strictObject(diskOptions),
} as const satisfies ProgramDeclaration;

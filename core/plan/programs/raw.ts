import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** Declaration of `raw`: a disk image with a partition table, which boots with BIOS and UEFI. */
export const raw = {
  name: 'raw',
  version: 1,
  summary: 'Makes a disk image that boots with BIOS and UEFI',
  trust: 'seal',
  produces: 'artifact',
  reads: 'tree',
  labels: ['fileName'],
  hostTools: ['mke2fs', 'debugfs', 'grub-mkimage', 'cp', 'mformat', 'mcopy', 'mmd'],
  timeoutSeconds: 3_600,
  options: z.strictObject({
    fileName: z.string().describe('Name of the artifact.'),
    label: z.string().describe('Label of the root file system: 1 to 16 of A-Z, 0-9 and _.'),
    sizeMiB: z.number().int().optional().describe('Size of the disk; what the tree needs and a quarter where absent.'),
    cmdline: z.array(z.string()).describe('Kernel arguments.'),
    hostname: z.string().describe('Title of the entry in the boot menu.'),
  }),
} as const satisfies ProgramDeclaration;

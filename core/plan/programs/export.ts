import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** Declaration of `iso`: a hybrid live ISO that boots with BIOS and UEFI. */
export const iso = {
  name: 'iso',
  version: 4,
  summary: 'Makes a live ISO image that boots with BIOS and UEFI',
  trust: 'seal',
  produces: 'artifact',
  reads: 'layers',
  labels: ['fileName', 'modules'],
  hostTools: ['unsquashfs', 'grub-mkimage', 'mformat', 'mcopy', 'xorriso'],
  timeoutSeconds: 3_600,
  options: z.strictObject({
    fileName: z.string().describe('Name of the artifact.'),
    label: z.string().describe('ISO 9660 volume label: 1 to 32 of A-Z, 0-9 and _.'),
    cmdline: z.array(z.string()).describe('Kernel arguments.'),
    modules: z.array(z.string()).min(1).describe('Steps whose modules it stacks, lowest first.'),
    hostname: z.string().describe('Host name of the live system.'),
  }),
} as const satisfies ProgramDeclaration;

/** Declaration of `tar`: the tree as one compressed tar archive. */
export const tar = {
  name: 'tar',
  version: 1,
  summary: 'Packs the tree as tar, compressed with zstd',
  trust: 'seal',
  produces: 'artifact',
  reads: 'tree',
  labels: ['fileName'],
  hostTools: ['tar', 'zstd'],
  timeoutSeconds: 3_600,
  options: z.strictObject({ fileName: z.string().describe('Name of the artifact.') }),
} as const satisfies ProgramDeclaration;

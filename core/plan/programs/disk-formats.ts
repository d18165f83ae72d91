import { z } from 'zod';
import { qcow2Compressions, vhdSubformats, vmdkSubformats } from '../../spec/disk-images.ts';
import type { ProgramDeclaration } from './program.ts';
import { diskOptions, diskTools } from './raw.ts';

/** What the declarations below have in common. */
const disk = {
  trust: 'seal',
  produces: 'artifact',
  reads: 'tree',
  hostTools: diskTools,
  timeoutSeconds: 3_600,
} as const;

/** Declaration of `qcow2`: the disk image of `raw` in the form of QEMU. */
export const qcow2 = {
  ...disk,
  name: 'qcow2',
  version: 2,
  summary: 'Makes a disk image for QEMU',
  labels: ['fileName'],
  options: z.strictObject({ ...diskOptions, compression: z.enum(qcow2Compressions).describe('Of its clusters.') }),
} as const satisfies ProgramDeclaration;

/** Declaration of `vmdk`: the disk image of `raw` in the form of VMware. The file names itself in its descriptor. */
export const vmdk = {
  ...disk,
  name: 'vmdk',
  version: 2,
  summary: 'Makes a disk image for VMware and VirtualBox',
  options: z.strictObject({ ...diskOptions, subformat: z.enum(vmdkSubformats).describe('Compressed, or plain.') }),
} as const satisfies ProgramDeclaration;

/** Declaration of `vhd`: the disk image of `raw` in the form of Virtual PC, which Azure and Hyper-V read. */
export const vhd = {
  ...disk,
  name: 'vhd',
  version: 2,
  summary: 'Makes a disk image for Azure and Hyper-V',
  labels: ['fileName'],
  options: z.strictObject({
    ...diskOptions,
    subformat: z.enum(vhdSubformats).describe('Without what is free, or as large as the disk.'),
  }),
} as const satisfies ProgramDeclaration;

/** Declaration of `vhdx`: the disk image of `raw` in the form of Hyper-V. */
export const vhdx = {
  ...disk,
  name: 'vhdx',
  version: 2,
  summary: 'Makes a disk image for Hyper-V',
  labels: ['fileName'],
  options: z.strictObject(diskOptions),
} as const satisfies ProgramDeclaration;

/** Declaration of `ova`: a virtual machine whose disk is the disk image of `raw`. */
export const ova = {
  ...disk,
  name: 'ova',
  version: 2,
  summary: 'Makes a virtual machine for VMware and VirtualBox',
  hostTools: [...diskTools, 'tar'],
  labels: ['fileName'],
  options: z.strictObject({
    ...diskOptions,
    name: z.string().describe('Name of the machine, and of the files in the archive.'),
    cpus: z.number().int().describe('Processors of the machine.'),
    memoryMiB: z.number().int().describe('Memory of the machine.'),
  }),
} as const satisfies ProgramDeclaration;

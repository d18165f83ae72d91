import { z } from 'zod';
import { specLimits } from './limits.ts';
import { labelField } from './volume-labels.ts';

/** How the clusters of a qcow2 are stored. */
export const qcow2Compressions = ['zstd', 'none'] as const;
/** Forms of a vmdk: a stream of compressed grains, or one file with plain grains. */
export const vmdkSubformats = ['streamOptimized', 'monolithicSparse'] as const;
/** Forms of a vhd: as large as what it holds, or as the disk. */
export const vhdSubformats = ['dynamic', 'fixed'] as const;

/** What every form of a disk is made of. */
const diskFields = {
  sizeMiB: z
    .int()
    .min(512)
    .max(specLimits.diskMiB.value)
    .optional()
    .describe(
      'Size of the disk in MiB. Omitted: what the image needs and a quarter, rounded up to 64 MiB, at least 512.',
    ),
  label: labelField('ext4').describe(
    'Label of the root file system. Omitted: the name of the spec in upper case, cut to 16 characters.',
  ),
};

const rawOutputSchema = z
  .strictObject({
    type: z
      .literal('raw')
      .describe('Disk image that boots with BIOS and UEFI (on arm64 with UEFI), to be written to a disk.'),
    ...diskFields,
  })
  .describe('A disk image.');

const qcow2OutputSchema = z
  .strictObject({
    type: z.literal('qcow2').describe('Disk image for QEMU, KVM and OpenStack.'),
    ...diskFields,
    compression: z
      .enum(qcow2Compressions)
      .default('zstd')
      .describe('Of its clusters: zstd, which QEMU reads from version 5.1 on, or none.'),
  })
  .describe('A disk image in the form of QEMU.');

const vmdkOutputSchema = z
  .strictObject({
    type: z.literal('vmdk').describe('Disk image for VMware and VirtualBox.'),
    ...diskFields,
    subformat: z
      .enum(vmdkSubformats)
      .default('streamOptimized')
      .describe(
        'streamOptimized is compressed and is imported before a machine runs from it; monolithicSparse is plain, and VMware Workstation and VirtualBox run from it as it is.',
      ),
  })
  .describe('A disk image in the form of VMware.');

const vhdOutputSchema = z
  .strictObject({
    type: z.literal('vhd').describe('Disk image for Azure and Hyper-V.'),
    ...diskFields,
    subformat: z
      .enum(vhdSubformats)
      .default('dynamic')
      .describe('dynamic leaves out what is free; fixed is as large as the disk, which Azure wants.'),
  })
  .describe('A disk image in the older form of Hyper-V.');

const vhdxOutputSchema = z
  .strictObject({
    type: z.literal('vhdx').describe('Disk image for Hyper-V. It leaves out what is free.'),
    ...diskFields,
  })
  .describe('A disk image in the newer form of Hyper-V.');

const ovaOutputSchema = z
  .strictObject({
    type: z
      .literal('ova')
      .describe('Virtual machine to import into VMware or VirtualBox: OVF descriptor, manifest and disk in one file.'),
    ...diskFields,
    cpus: z.int().min(1).max(specLimits.machineCpus.value).default(2).describe('Processors of the machine.'),
    memoryMiB: z
      .int()
      .min(256)
      .max(specLimits.machineMemoryMiB.value)
      .multipleOf(4)
      .default(2_048)
      .describe('Memory of the machine in MiB, a multiple of 4.'),
  })
  .describe('A virtual machine.');

/** The outputs that are a disk; their types are `diskTypes`. */
export const diskOutputSchemas = [
  rawOutputSchema,
  qcow2OutputSchema,
  vmdkOutputSchema,
  vhdOutputSchema,
  vhdxOutputSchema,
  ovaOutputSchema,
] as const;

/** A disk with its label filled in. */
export type ResolvedDisk = z.output<(typeof diskOutputSchemas)[number]> & { readonly label: string };

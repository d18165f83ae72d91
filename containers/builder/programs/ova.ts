/**
 * ova: makes a virtual machine to import, whose disk is the disk image of `raw` with all its options.
 *
 *   fileName: edge-web.ova   Required.
 *   name: edge-web           Required: the name of the machine, and of the files in the archive.
 *   cpus: 2                  Required.
 *   memoryMiB: 2048          Required.
 *
 * The archive is a tar (ustar) of the OVF descriptor, the manifest and the disk, in the order that lets a reader check
 * each file as it comes (DMTF DSP0243, chapter 5). Its files have no time and no owner. Equal trees and keys give equal
 * bytes.
 */
import { createHash } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ova as declaration } from '../../../core/plan/programs/disk-formats.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { makeDiskImage } from './disk/disk-image.ts';
import { ovfDescriptor, ovfManifest } from './disk-formats/ovf-descriptor.ts';
import { writeStreamVmdk } from './disk-formats/vmdk-stream.ts';

type Options = OptionsOf<typeof declaration>;

/** Bytes of the largest file that ustar has digits for: eleven octal ones. */
const largestFile = 8 ** 11 - 1;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { architecture, distribution, key, options, outputs, scratch, signal } = context;
  const { operatingSystem } = distribution;
  const { name, cpus, memoryMiB } = options;
  const disk = join(scratch, 'disk.raw');
  const facts = await makeDiskImage(context, disk, 'ova');
  const { size: bytes } = await stat(disk);

  const folder = join(scratch, 'ova');
  await mkdir(folder);
  const names = { descriptor: `${name}.ovf`, manifest: `${name}.mf`, disk: `${name}-disk1.vmdk` };
  const written = await writeStreamVmdk(disk, join(folder, names.disk), { key, fileName: names.disk, signal });
  await rm(disk);
  if (written.size > largestFile) {
    throw new StepError(
      'step.failed',
      `outputs, type ova: the compressed disk has ${written.size} bytes, and an OVA holds no file of 8 GiB; use the output vmdk.`,
    );
  }
  const hardware = { architecture, cpus, memoryMiB, disk: { file: names.disk, fileBytes: written.size, bytes } };
  const machine = { name, operatingSystem, ...hardware };
  const descriptor = ovfDescriptor(machine);
  const digest = createHash('sha256').update(descriptor).digest('hex');
  await writeFile(join(folder, names.descriptor), descriptor);
  await writeFile(
    join(folder, names.manifest),
    ovfManifest({ [names.descriptor]: digest, [names.disk]: written.sha256 }),
  );

  const file = join(outputs, 'machine.ova');
  await context.exec([
    ...(['tar', '--create', `--file=${file}`, `--directory=${folder}`, '--format=ustar'] as const),
    ...['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rw,go=r', '--mtime=@0', '--'],
    ...[names.descriptor, names.manifest, names.disk],
  ]);
  return { artifact: { file, name: options.fileName, mediaType: 'application/ovf' }, facts };
}

export const ova: StepProgram<typeof declaration.options> = { declaration, run };

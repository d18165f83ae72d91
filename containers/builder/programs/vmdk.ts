/**
 * vmdk: makes the disk image of `raw`, with all its options, in the form of VMware.
 *
 *   fileName: edge-web.vmdk      Required: it stands in the file too.
 *   subformat: streamOptimized   Required: compressed, to be imported; or monolithicSparse, plain.
 *
 * What is free on the disk is not in the file. Equal trees and keys give equal bytes.
 */
import { join } from 'node:path';
import { vmdk as declaration } from '../../../core/plan/programs/disk-formats.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { makeDiskImage } from './disk/disk-image.ts';
import { writeSparseVmdk } from './disk-formats/vmdk-sparse.ts';
import { writeStreamVmdk } from './disk-formats/vmdk-stream.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { key, options, outputs, scratch, signal } = context;
  const disk = join(scratch, 'disk.raw');
  const facts = await makeDiskImage(context, disk, 'vmdk');
  const file = join(outputs, 'disk.vmdk');
  const identity = { key, fileName: options.fileName };
  const artifact = { file, name: options.fileName, mediaType: 'application/x-vmdk-disk' };
  if (options.subformat === 'streamOptimized') {
    return { artifact: { ...artifact, written: await writeStreamVmdk(disk, file, { ...identity, signal }) }, facts };
  }
  await writeSparseVmdk(disk, file, { ...identity, signal });
  return { artifact, facts };
}

export const vmdk: StepProgram<typeof declaration.options> = { declaration, run };

/**
 * vhdx: makes the disk image of `raw`, with all its options, in the form of Hyper-V.
 *
 *   fileName: edge-web.vhdx   Required.
 *
 * What is free on the disk is not in the file. Equal trees and keys give equal bytes.
 */
import { join } from 'node:path';
import { vhdx as declaration } from '../../../core/plan/programs/disk-formats.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { makeDiskImage } from './disk/disk-image.ts';
import { writeVhdx } from './disk-formats/vhdx-image.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { key, options, outputs, scratch, signal } = context;
  const disk = join(scratch, 'disk.raw');
  const facts = await makeDiskImage(context, disk, 'vhdx');
  const file = join(outputs, 'disk.vhdx');
  await writeVhdx(disk, file, { key, signal });
  return { artifact: { file, name: options.fileName, mediaType: 'application/x-vhdx-disk' }, facts };
}

export const vhdx: StepProgram<typeof declaration.options> = { declaration, run };

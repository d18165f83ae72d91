/**
 * qcow2: makes the disk image of `raw`, with all its options, in the form of QEMU.
 *
 *   fileName: edge-web.qcow2   Required.
 *   compression: zstd          Required: of its clusters; or none.
 *
 * What is free on the disk is not in the file. Equal trees and keys give equal bytes.
 */
import { join } from 'node:path';
import { qcow2 as declaration } from '../../../core/plan/programs/disk-formats.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { makeDiskImage } from './disk/disk-image.ts';
import { writeQcow2 } from './disk-formats/qcow2-image.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { options, outputs, scratch, signal } = context;
  const disk = join(scratch, 'disk.raw');
  const facts = await makeDiskImage(context, disk, 'qcow2');
  const file = join(outputs, 'disk.qcow2');
  await writeQcow2(disk, file, { compression: options.compression, signal });
  return { artifact: { file, name: options.fileName, mediaType: 'application/x-qemu-disk' }, facts };
}

export const qcow2: StepProgram<typeof declaration.options> = { declaration, run };

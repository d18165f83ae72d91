/**
 * vhd: makes the disk image of `raw`, with all its options, in the form of Virtual PC, which Azure and Hyper-V read.
 *
 *   fileName: edge-web.vhd   Required.
 *   subformat: dynamic       Required: without what is free; or fixed, as large as the disk.
 *
 * Equal trees and keys give equal bytes.
 */
import { join } from 'node:path';
import { vhd as declaration } from '../../../core/plan/programs/disk-formats.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { makeDiskImage } from './disk/disk-image.ts';
import { makeFixedVhd, writeDynamicVhd } from './disk-formats/vhd-image.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { key, options, outputs, scratch, signal, sourceDateEpoch } = context;
  const file = join(outputs, 'disk.vhd');
  const fixed = options.subformat === 'fixed';
  const disk = fixed ? file : join(scratch, 'disk.raw');
  const facts = await makeDiskImage(context, disk, 'vhd');
  if (fixed) await makeFixedVhd(disk, { key, sourceDateEpoch });
  else await writeDynamicVhd(disk, file, { key, sourceDateEpoch, signal });
  return { artifact: { file, name: options.fileName, mediaType: 'application/x-vhd-disk' }, facts };
}

export const vhd: StepProgram<typeof declaration.options> = { declaration, run };

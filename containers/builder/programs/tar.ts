/**
 * tar: packs the tree as one tar archive, compressed with zstd.
 *
 *   fileName: edge-web.tar.zst   Required.
 *
 * Equal trees give equal bytes: names sorted, owners by number, extended attributes kept, no access and change times,
 * modification times not after SOURCE_DATE_EPOCH, and the compressor's threads fixed, since one thread and several
 * cut the data differently. The tree is read as data.
 */
import { join } from 'node:path';
import { tar as declaration } from '../../../core/plan/programs/export.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const file = join(context.outputs, 'tree.tar.zst');
  await context.exec([
    'tar',
    '--create',
    `--file=${file}`,
    '--use-compress-program=zstd -3 -T2',
    `--directory=${context.tree}`,
    '--sort=name',
    '--format=pax',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
    '--clamp-mtime',
    `--mtime=@${context.sourceDateEpoch}`,
    '.',
  ]);
  return { artifact: { file, name: context.options.fileName, mediaType: 'application/zstd' } };
}

export const tar: StepProgram<typeof declaration.options> = { declaration, run };

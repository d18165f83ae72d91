/**
 * module: packs layers as one squashfs module: what the tree with them differs by from the tree below them, deletions
 * as overlayfs reads them.
 *
 *   layers: [packages]   Required: steps, lowest first. What they are built on is below the module.
 *   level: 15            Optional: of zstd; 3, since higher levels take three times as long for a twelfth less.
 *
 * The module is made from the layers' own bytes, without a tree, in blocks of 256 KiB. Equal layers and levels give
 * equal bytes.
 */
import { join } from 'node:path';
import { module as declaration } from '../../../core/plan/programs/module.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const file = join(context.scratch, 'module.squashfs');
  const epoch = String(context.sourceDateEpoch);
  await context.exec(
    [
      ...(['mksquashfs', '-', file, '-tar', '-noappend', '-no-progress', '-quiet', '-xattrs'] as const),
      ...['-comp', 'zstd', '-Xcompression-level', String(context.options.level ?? 3), '-b', '256K'],
      // The tar says nothing of the root folder.
      ...['-root-mode', '755', '-root-uid', '0', '-root-gid', '0', '-root-time', epoch],
    ],
    {
      env: { SOURCE_DATE_EPOCH: epoch, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
      feed: (write) => context.layers.writeModuleTar(context.options.layers, write),
      background: true,
    },
  );
  return { module: { file } };
}

export const module: StepProgram<typeof declaration.options> = { declaration, run };

/**
 * initramfs: makes /boot/initrd.img-VERSION for each kernel of the tree, once, after all that changes it.
 *
 *   afterTenant: false   Required: tenant code or files may be in the tree, so its commands run in the script environment.
 *
 * mkinitramfs of the tree runs inside it, with the tree's own configuration (MODULES=most unless a file says otherwise)
 * and zstd at its fastest level: the level changes the size by a few percent and the time by half. The links that the
 * distribution's kernel package makes (/initrd.img, /vmlinuz) are made where they are missing.
 */
import { initramfs as declaration } from '../../../core/plan/programs/export.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { kernelVersions } from './tree/kernels.ts';
import { existsInTree, linkInTree } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const versions = await kernelVersions(context);
  const newest = versions.at(-1);
  if (newest === undefined) {
    throw new StepError('step.failed', 'The image has no kernel in /boot; name one under kernel.package.');
  }
  for (const version of versions) {
    await context.exec(['mkinitramfs', '-c', 'zstd', '-l', '1', '-o', `/boot/initrd.img-${version}`, version], {
      inTree: true,
      ...(context.options.afterTenant ? { confinement: 'script' as const } : {}),
      env: { SOURCE_DATE_EPOCH: String(context.sourceDateEpoch), LC_ALL: 'C.UTF-8', TMPDIR: '/tmp' },
    });
    if (!(await existsInTree(context, `/boot/initrd.img-${version}`))) {
      throw new StepError('step.failed', `mkinitramfs made no /boot/initrd.img-${version}.`);
    }
  }
  for (const [link, target] of [
    ['/initrd.img', `boot/initrd.img-${newest}`],
    ['/vmlinuz', `boot/vmlinuz-${newest}`],
  ] as const) {
    if (!(await existsInTree(context, link))) await linkInTree(context, link, target);
  }
  return { facts: { kernel: newest } };
}

export const initramfs: StepProgram<typeof declaration.options> = { declaration, run };

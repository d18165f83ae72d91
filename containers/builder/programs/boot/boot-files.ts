import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { kernelsAmong } from '../tree/kernels.ts';
import { typeOf } from '../tree/tree-file.ts';

/** A module as a file, and the steps whose layers it holds. */
export interface ModuleFile {
  readonly file: string;
  readonly layers: readonly string[];
}

/**
 * Takes kernel and initial RAM file system of the newest kernel that has both out of the modules of a tree.
 * @param places where the two files go; their folders are there
 * @returns the kernel's version
 * @throws StepError where the tree has no such kernel, no module holds it, or one holds no file there
 */
export async function takeBootFiles(
  context: Pick<ProgramContext<unknown>, 'exec' | 'layers' | 'scratch'>,
  modules: readonly ModuleFile[],
  places: { readonly kernel: string; readonly initramfs: string },
): Promise<string> {
  const paths = await context.layers.paths();
  const files = [...paths.values()].flatMap(({ entry: { path, type } }) =>
    type === 'file' && path.startsWith('boot/') ? path.slice('boot/'.length) : [],
  );
  const version = kernelsAmong(files).findLast(
    (candidate) => paths.get(`boot/initrd.img-${candidate}`)?.entry.type === 'file',
  );
  if (version === undefined) {
    throw new StepError('step.failed', 'The image has no kernel with an initial RAM file system in /boot.');
  }
  await Promise.all(
    [
      { name: 'kernel', path: `boot/vmlinuz-${version}`, to: places.kernel },
      { name: 'initramfs', path: `boot/initrd.img-${version}`, to: places.initramfs },
    ].map(async ({ name, path, to }) => {
      const owner = paths.get(path)?.step ?? '';
      const module = modules.find(({ layers }) => layers.includes(owner));
      if (module === undefined) throw new StepError('step.failed', `No module of the image holds /${path}.`);
      const folder = join(context.scratch, `boot-${name}`);
      const quiet = ['-q', '-n', '-f', '-no-xattrs', '-no-wildcards'];
      await context.exec(['unsquashfs', ...quiet, '-d', folder, module.file, path]);
      // A layer of tenant code may hold something else than its index says: a link would lead to a file of this machine.
      if ((await typeOf(join(folder, path))) !== 'file') {
        throw new StepError('step.failed', `/${path} is no file in the module of the image that holds it.`);
      }
      await rename(join(folder, path), to);
    }),
  );
  return version;
}

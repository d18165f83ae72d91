import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';

/** A module as a file, and the steps whose layers it holds. */
export interface ModuleFile {
  readonly file: string;
  readonly layers: readonly string[];
}

/**
 * Takes kernel and initial RAM file system of the newest kernel that has both out of the modules of a tree.
 * @param places where the two files go; their folders are there
 * @returns the kernel's version
 * @throws StepError where the tree has no such kernel, or no module holds it
 */
export async function takeBootFiles(
  context: Pick<ProgramContext<unknown>, 'exec' | 'layers' | 'scratch'>,
  modules: readonly ModuleFile[],
  places: { readonly kernel: string; readonly initramfs: string },
): Promise<string> {
  const paths = await context.layers.paths();
  const order = new Intl.Collator('en', { numeric: true });
  const versions = [...paths.values()]
    .map(({ entry }) =>
      entry.type === 'file' ? /^boot\/vmlinuz-([A-Za-z0-9][A-Za-z0-9.+~_-]*)$/.exec(entry.path)?.[1] : undefined,
    )
    .filter((version) => version !== undefined)
    .sort((a, b) => order.compare(b, a));
  const version = versions.find((candidate) => paths.get(`boot/initrd.img-${candidate}`)?.entry.type === 'file');
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
      await rename(join(folder, path), to);
    }),
  );
  return version;
}

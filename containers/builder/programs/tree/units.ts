import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { existsInTree, listTreeFolder, type TreeAccess } from './tree-file.ts';

const unitFolders = [
  '/etc/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
] as const;

/** Whether the tree has a unit of a full name, or the template that it is an instance of. */
export async function hasUnit(access: TreeAccess, unit: string): Promise<boolean> {
  const template = unit.replace(/@[^.]*\./, '@.');
  for (const folder of unitFolders) {
    if (await existsInTree(access, `${folder}/${unit}`)) return true;
    if (template !== unit && (await existsInTree(access, `${folder}/${template}`))) return true;
  }
  return false;
}

/** systemctl trusts the tree it is given, so its links are looked at first. Throws StepError where a unit folder is one. */
export async function needPlainUnitFolders(
  context: Pick<ProgramContext<unknown>, 'tree' | 'resolveInTree'>,
): Promise<void> {
  const folders = ['/etc', '/etc/systemd', '/etc/systemd/system'];
  for (const name of await listTreeFolder(context, '/etc/systemd/system')) {
    if (/\.(wants|requires|upholds)$/.test(name)) folders.push(`/etc/systemd/system/${name}`);
  }
  for (const folder of folders) {
    const found = await lstat(join(context.tree, folder)).catch(() => undefined);
    if (found?.isSymbolicLink() === true) {
      throw new StepError(
        'step.failed',
        `${folder} in the image is a symlink; unit links are made in real folders only`,
      );
    }
  }
}

/**
 * Enables, disables or masks units of the tree by their links, as data: systemctl of the builder root runs nothing of it.
 * @param units full names; those to enable and disable must exist
 */
export async function linkUnits(
  context: Pick<ProgramContext<unknown>, 'tree' | 'exec'>,
  verb: 'enable' | 'disable' | 'mask',
  units: readonly string[],
): Promise<void> {
  if (units.length === 0) return;
  await context.exec(['systemctl', `--root=${context.tree}`, verb, '--', ...units], {
    // It would run update-rc.d inside the tree, which may hold tenant files by now.
    env: { SYSTEMCTL_SKIP_SYSV: '1' },
  });
}

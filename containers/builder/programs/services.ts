/**
 * services: enables, disables and masks units, by their links, as data: systemctl of the builder root works on the tree
 * and runs nothing of it.
 *
 *   enable: [nginx]    Units that must exist; `.service` is meant where no suffix is given.
 *   disable: [cron]    The same.
 *   mask: [apt-daily.timer]   Need not exist.
 *
 * Order: enable, disable, mask. The unit folders of the tree must be folders: a symlink there could lead outside.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { services as declaration } from '../../../core/plan/programs/customise.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { existsInTree, listTreeFolder } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

const unitFolders = [
  '/etc/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
] as const;
const suffix = /\.(service|socket|timer|target|path|mount|automount|swap|slice|scope|device)$/;

async function run(context: Context): Promise<ProgramOutcome> {
  const { enable, disable, mask } = context.options;
  await needPlainUnitFolders(context);
  for (const [verb, names] of [
    ['enable', enable],
    ['disable', disable],
    ['mask', mask],
  ] as const) {
    const units = names.map((name, position) => unitName(name, `services.${verb}[${position}]`));
    if (verb !== 'mask') {
      for (const [position, unit] of units.entries()) await needUnit(context, unit, `services.${verb}[${position}]`);
    }
    if (units.length > 0) {
      await context.exec(['systemctl', `--root=${context.tree}`, verb, '--', ...units], {
        // It would run update-rc.d inside the tree, which may hold tenant files by now.
        env: { SYSTEMCTL_SKIP_SYSV: '1' },
      });
    }
  }
  return {};
}

function unitName(name: string, field: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9:_.@\\-]*$/.test(name)) {
    throw new StepError('step.failed', `${field}: ${JSON.stringify(name)} is no unit name`);
  }
  return suffix.test(name) ? name : `${name}.service`;
}

async function needUnit(context: Context, unit: string, field: string): Promise<void> {
  const template = unit.replace(/@[^.]*\./, '@.');
  for (const folder of unitFolders) {
    if (await existsInTree(context, `${folder}/${unit}`)) return;
    if (template !== unit && (await existsInTree(context, `${folder}/${template}`))) return;
  }
  throw new StepError(
    'step.failed',
    `${field}: the image has no unit ${unit}; install the package that holds it, or check the name`,
  );
}

/** systemctl trusts the tree it is given, so its links are looked at first. */
async function needPlainUnitFolders(context: Context): Promise<void> {
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

export const services: StepProgram<typeof declaration.options> = { declaration, run };

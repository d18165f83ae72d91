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
import { services as declaration } from '../../../core/plan/programs/customise.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { hasUnit, linkUnits, needPlainUnitFolders } from './tree/units.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

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
    await linkUnits(context, verb, units);
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
  if (await hasUnit(context, unit)) return;
  throw new StepError(
    'step.failed',
    `${field}: the image has no unit ${unit}; install the package that holds it, or check the name`,
  );
}

export const services: StepProgram<typeof declaration.options> = { declaration, run };

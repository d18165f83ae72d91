import type { OptionsSchema, ProgramContext, StepProgram } from '../contract.ts';

type PackageManager = ProgramContext<unknown>['distribution']['packageManager'];

/**
 * One step program of several, of which the package manager of the image's distribution chooses. All have one
 * declaration: what a spec says of packages means the same under each.
 */
export function byPackageManager<Options extends OptionsSchema>(
  programs: Readonly<Record<PackageManager, StepProgram<Options>>>,
): StepProgram<Options> {
  const chosen = ({ distribution }: Pick<ProgramContext<unknown>, 'distribution'>) =>
    programs[distribution.packageManager];
  return {
    declaration: programs.apt.declaration,
    prepare: async (context) => chosen(context).prepare?.(context),
    run: (context) => chosen(context).run(context),
  };
}

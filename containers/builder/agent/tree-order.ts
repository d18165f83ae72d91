import type { ManifestStep } from '../../../core/builds/manifest.ts';
import type { ProgramDeclaration } from '../../../core/plan/programs/program.ts';
import type { BytePath } from '../layers/path-text.ts';

export interface PlannedStep {
  readonly step: ManifestStep;
  readonly number: number;
  readonly declaration: Pick<ProgramDeclaration, 'reads' | 'readsPaths' | 'writes'>;
}

export interface StageOrder {
  /** Steps that change the stage's tree, each on what the one before left. */
  readonly main: readonly PlannedStep[];
  /** Steps that change a tree of their own: branches that the main line is not built on yet when they run. */
  readonly aside: readonly PlannedStep[];
  /** Steps that work on layers as files, beside all others. */
  readonly beside: readonly PlannedStep[];
  /** Tests of artifacts, one after another: each takes a machine of two processors. */
  readonly tests: readonly PlannedStep[];
  /** Exports that read the tree. */
  readonly exports: readonly PlannedStep[];
}

/**
 * Says where each step of a stage runs. The main line is found from its end: a step belongs to it where the line's next
 * step is built on it, so the tree holds at each of its steps exactly the layers that the step is built on.
 *
 * @param steps in the order of the plan
 * @param isBelow whether the first step's layer is below the second
 */
export function orderStage(
  steps: readonly PlannedStep[],
  isBelow: (lower: string, upper: string) => boolean,
): StageOrder {
  const tests = steps.filter(({ step }) => step.produces === 'report');
  const beside = steps.filter(({ declaration, step }) => declaration.reads === 'layers' && step.produces !== 'report');
  const inTree = steps.filter(({ declaration }) => declaration.reads !== 'layers');
  const main: PlannedStep[] = [];
  const aside: PlannedStep[] = [];
  for (const planned of inTree.filter(({ step }) => step.produces === 'layer').toReversed()) {
    const next = main[0];
    if (next === undefined || isBelow(planned.step.id, next.step.id)) main.unshift(planned);
    else aside.unshift(planned);
  }
  return { main, aside, beside, tests, exports: inTree.filter(({ step }) => step.produces !== 'layer') };
}

/** The paths that a step says it reads or changes, in bytes; undefined where it may be any. */
export function pathsOf({ declaration, step }: PlannedStep): readonly BytePath[] | undefined {
  if (declaration.reads !== 'paths') return undefined;
  return (declaration.readsPaths?.(step.options) ?? []).map((path) => Buffer.from(path).toString('latin1'));
}

import type { ResolvedSpec } from '../spec/schema.ts';
import { inspectOptions } from './programs/inspect.ts';
import type { Chain } from './step-drafts.ts';

/** Id of the step that reads what a build is judged by. */
export const inspectionStep = 'inspect';

/** Adds the step that inspects the tree of a spec with compliance profiles. */
export function complianceStep(chain: Chain, spec: ResolvedSpec, tips: readonly string[]): void {
  if (spec.compliance === undefined) return;
  chain.beside('inspect', inspectOptions(), {
    id: inspectionStep,
    label: 'Reads what checks judge the image by',
    needs: tips,
  });
}

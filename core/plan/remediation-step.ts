import { treeRemediation } from '../compliance/remediation/tree-changes.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import type { Chain } from './step-drafts.ts';

/** Id of the step that makes checks pass. */
export const remediationStep = 'remediate';

/**
 * Adds the step that changes the tree of a spec with `compliance.remediate` so that its checks pass.
 * @param needs the steps after which it runs: all that change the tree
 * @param afterSteps scripts of the spec are among them
 * @returns its id; undefined where there is nothing to change
 */
export function addRemediationStep(
  chain: Chain,
  spec: ResolvedSpec,
  needs: readonly string[],
  afterSteps: boolean,
): string | undefined {
  const found = treeRemediation(spec);
  if (found === undefined || found.changes.length === 0) return undefined;
  const { changes, remedied, byHand, left } = found;
  const label = [
    `Makes checks pass, with what the spec has for them: ${remedied.join(', ')}`,
    ...(byHand.length > 0 ? [`without a remedy are ${byHand.join(', ')}`] : []),
    ...(left.length > 0 ? [`as the spec’s own stay ${left.join(', ')}`] : []),
  ].join('; ');
  return chain.beside(
    'remediate',
    { changes },
    { id: remediationStep, label, needs, ...(afterSteps ? ({ trust: 'tenant' } as const) : {}) },
  );
}

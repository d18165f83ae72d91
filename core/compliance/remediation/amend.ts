import type { PlacedRefusal } from '../../spec/configuration/rules.ts';
import type { Spec } from '../../spec/schema.ts';
import { type SpecError, specError } from '../../spec/spec-errors.ts';
import { onlyContainers } from '../verdicts.ts';
import { wantedRemedies } from './remedies.ts';
import { bootsKernel } from './remedy.ts';

/** A spec with all that its own sections can say so that its checks pass, and where it says the opposite. */
export interface AmendedSpec {
  readonly spec: Spec;
  readonly errors: readonly SpecError[];
}

/**
 * Fills in what a spec with `compliance.remediate` leaves open. Lists grow at their ends, so that places in the spec as
 * it was given stay what they are; a spec that has all of it comes back as it is.
 */
export function amendSpec(spec: Spec): AmendedSpec {
  const boots = bootsKernel(spec);
  const containers = onlyContainers(spec);
  const errors: SpecError[] = [];
  let amended = spec;
  for (const { check, remedy, values } of wantedRemedies(spec.compliance)) {
    if (remedy === undefined || (remedy.system === true && containers)) continue;
    errors.push(
      ...(remedy.contradictions?.({ spec, values, boots }) ?? []).map((refusal) => errorOf(check.id, refusal)),
    );
    amended = remedy.amend?.({ spec: amended, values, boots }) ?? amended;
  }
  return { spec: amended, errors };
}

function errorOf(check: string, { at, code, reason, remedy }: PlacedRefusal): SpecError {
  return specError(at, {
    code,
    reason: `${reason}: \`compliance.remediate\` is to make the check ${check} pass`,
    remedy: `${remedy} Or waive the check in \`compliance.waivers\`.`,
  });
}

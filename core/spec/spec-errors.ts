import type { FieldError } from '../errors.ts';
import { type FieldPath, fieldPathText } from './field-path.ts';
import { specLimits } from './limits.ts';
import type { Refusal, SpecErrorCode } from './refusal.ts';

/** An error of a spec; its code is one of `specErrorCodes`. */
export interface SpecError extends FieldError {
  readonly code: SpecErrorCode;
}

/** The error that a refusal is at a place. */
export function specError(path: FieldPath, refusal: Refusal): SpecError {
  return { path: fieldPathText(path), ...refusal };
}

/** At most one error a place and code, and at most as many as the limit, the last then saying how many more there are. */
export function boundedErrors(errors: readonly SpecError[]): SpecError[] {
  const seen = new Set<string>();
  const distinct = errors.filter((error) => {
    const identity = `${error.code} ${error.path}`;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
  const { value: most } = specLimits.errors;
  if (distinct.length <= most) return distinct;
  const shown = distinct.slice(0, most - 1);
  const more = distinct.length - shown.length;
  return [
    ...shown,
    specError([], {
      code: 'spec.too_many_errors',
      reason: `there are ${more} more errors than are shown here`,
      remedy: 'Correct those shown and check again.',
    }),
  ];
}

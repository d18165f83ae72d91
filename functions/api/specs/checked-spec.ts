import { EngineError } from '../../../core/errors.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';

/** The resolved spec of a body. @throws EngineError spec.invalid with all that is wrong with it */
export function checkedSpec(body: unknown, installation: Installation): ResolvedSpec {
  const checked = checkSpec(body, installation);
  if (checked.ok) return checked.spec;
  throw new EngineError('spec.invalid', `The spec has ${checked.errors.length} error(s).`, { fields: checked.errors });
}

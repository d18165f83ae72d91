import { EngineError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { needUploads, uploadErrors } from '../../../core/uploads/spec-uploads.ts';

/** The resolved spec of a body. @throws EngineError spec.invalid with all that is wrong with it */
export function checkedSpec(body: unknown, installation: Installation): ResolvedSpec {
  const checked = checkSpec(body, installation);
  if (checked.ok) return checked.spec;
  throw new EngineError('spec.invalid', `The spec has ${checked.errors.length} error(s).`, { fields: checked.errors });
}

type SpecPorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'installation'>;

/**
 * The resolved spec of a body that is to be looked at, with its uploads there.
 * @throws EngineError spec.invalid
 */
export async function plannedSpec(ports: SpecPorts, tenantId: string, body: unknown): Promise<ResolvedSpec> {
  const spec = checkedSpec(body, ports.installation);
  const fields = await uploadErrors(ports, tenantId, spec, body);
  if (fields.length > 0) throw new EngineError('spec.invalid', `The spec has ${fields.length} error(s).`, { fields });
  return spec;
}

/**
 * The resolved spec of a body that is to be built: its uploads are kept from now on.
 * @throws EngineError spec.invalid
 */
export async function submittedSpec(ports: SpecPorts, tenantId: string, body: unknown): Promise<ResolvedSpec> {
  const spec = checkedSpec(body, ports.installation);
  await needUploads(ports, tenantId, spec, body);
  return spec;
}

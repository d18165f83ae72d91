import { EngineError, type FieldError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { needSecrets, secretErrors } from '../../../core/secrets/spec-secrets.ts';
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

/** What is wrong with what a valid spec names and the tenant must have stored: uploads and secrets. */
export async function storedErrors(
  ports: SpecPorts,
  tenantId: string,
  spec: ResolvedSpec,
  body: unknown,
): Promise<readonly FieldError[]> {
  const [uploads, secrets] = await Promise.all([
    uploadErrors(ports, tenantId, spec, body),
    secretErrors(ports.table, tenantId, spec, body),
  ]);
  return [...uploads, ...secrets];
}

type SpecPorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'installation'>;

/**
 * The resolved spec of a body that is to be looked at, with its uploads and secrets there.
 * @throws EngineError spec.invalid
 */
export async function plannedSpec(ports: SpecPorts, tenantId: string, body: unknown): Promise<ResolvedSpec> {
  const spec = checkedSpec(body, ports.installation);
  const fields = await storedErrors(ports, tenantId, spec, body);
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
  await needSecrets(ports.table, tenantId, spec, body);
  return spec;
}

import type { Principal } from '../../../core/access/principal.ts';
import type { Warning } from '../../../core/builds/warning.ts';
import { EngineError, type FieldError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { needSecrets, secretErrors } from '../../../core/secrets/spec-secrets.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import type { VersionReference } from '../../../core/templates/template-record.ts';
import { type ExpandedSpec, expandSpec } from '../../../core/templates/use-template.ts';
import type { Installation } from '../../../core/tenancy/installation.ts';
import { needUploads, uploadErrors } from '../../../core/uploads/spec-uploads.ts';
import { templatePorts } from '../../shared/template-ports.ts';

/** The resolved spec of a body that names no template. @throws EngineError spec.invalid with all that is wrong with it */
export function checkedSpec(body: unknown, installation: Installation): ResolvedSpec {
  const checked = checkSpec(body, installation);
  if (checked.ok) return checked.spec;
  throw invalid(checked.errors);
}

const invalid = (fields: readonly FieldError[]): EngineError =>
  new EngineError('spec.invalid', `The spec has ${fields.length} error(s).`, { fields });

type SpecPorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids' | 'installation'>;

/** The resolved spec of a body, with the template that it lies over, if any, and what is to be told of that. */
export interface GivenSpec {
  readonly spec: ResolvedSpec;
  readonly template?: VersionReference;
  readonly warnings: readonly Warning[];
}

/** A body laid over its template, and its fields judged. @throws EngineError spec.invalid, access.forbidden */
async function expandedSpec(
  ports: SpecPorts,
  principal: Principal,
  body: unknown,
): Promise<{ readonly given: GivenSpec } & Pick<ExpandedSpec, 'document' | 'named'>> {
  const { document, named, warnings, template } = await expandSpec(templatePorts(ports), principal, body);
  const checked = checkSpec(document, ports.installation);
  if (!checked.ok) throw invalid(named(checked.errors));
  const given = { spec: checked.spec, warnings, ...(template === undefined ? {} : { template }) };
  return { given, document, named };
}

/**
 * The resolved spec of a body whose fields alone are looked at.
 * @throws EngineError spec.invalid, access.forbidden where it names a template and the caller may use none
 */
export async function writtenSpec(ports: SpecPorts, principal: Principal, body: unknown): Promise<GivenSpec> {
  return (await expandedSpec(ports, principal, body)).given;
}

/**
 * The same of a body that is to be looked at, with its uploads and secrets there.
 * @throws EngineError spec.invalid, access.forbidden
 */
export async function plannedSpec(ports: SpecPorts, principal: Principal, body: unknown): Promise<GivenSpec> {
  const { tenantId } = principal;
  const { given, document, named } = await expandedSpec(ports, principal, body);
  const [uploads, secrets] = await Promise.all([
    uploadErrors(ports, tenantId, given.spec, document),
    secretErrors(ports.table, tenantId, given.spec, document),
  ]);
  if (uploads.length + secrets.length > 0) throw invalid(named([...uploads, ...secrets]));
  return given;
}

/**
 * The same of a body that is to be built: its uploads are kept from now on.
 * @throws EngineError spec.invalid, access.forbidden
 */
export async function submittedSpec(ports: SpecPorts, principal: Principal, body: unknown): Promise<GivenSpec> {
  const { tenantId } = principal;
  const { given, document, named } = await expandedSpec(ports, principal, body);
  try {
    await needUploads(ports, tenantId, given.spec, document);
    await needSecrets(ports.table, tenantId, given.spec, document);
  } catch (error) {
    throw error instanceof EngineError && error.code === 'spec.invalid' ? invalid(named(error.fields)) : error;
  }
  return given;
}

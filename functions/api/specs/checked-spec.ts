import type { Principal } from '../../../core/access/principal.ts';
import type { ActorOrEngine } from '../../../core/audit/entry.ts';
import type { Judgement, Submission } from '../../../core/builds/submit-build.ts';
import type { Warning } from '../../../core/builds/warning.ts';
import { digestOf, type JsonObject } from '../../../core/digest.ts';
import { EngineError, type FieldError } from '../../../core/errors.ts';
import { jsonObjectSchema, toJson, toJsonObject } from '../../../core/json.ts';
import type { EnabledPlugin } from '../../../core/plugins/plugin-record.ts';
import { enabledPlugins } from '../../../core/plugins/plugin-repository.ts';
import type { PluginRunRecord } from '../../../core/plugins/run-record.ts';
import {
  type Asked,
  failureWarnings,
  hasHook,
  judged,
  togetherUntil,
  transformed,
} from '../../../core/plugins/submitted.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { needSecrets, secretErrors } from '../../../core/secrets/spec-secrets.ts';
import { checkSpec, type SpecCheck } from '../../../core/spec/check.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import { surveyInput } from '../../../core/spec/survey.ts';
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

type SpecPorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids' | 'installation' | 'plugins'>;

/** The resolved spec of a body, with the template that it lies over, if any, and what is to be told of that. */
export interface GivenSpec {
  readonly spec: ResolvedSpec;
  readonly template?: VersionReference;
  readonly warnings: readonly Warning[];
  /** Present where plugins of the tenant were asked. */
  readonly judged?: Judgement;
}

/** The same of a spec that nothing is built of, with those plugins that may be asked further. */
export interface PlannedSpec extends GivenSpec {
  readonly enabled: readonly EnabledPlugin[];
  readonly asked: Asked;
}

/** Who asks, beside what they hold: for the tenant's plugins. */
export interface AskedFor {
  readonly signal: AbortSignal;
  readonly teamId?: string | undefined;
}

/** A spec whose fields are valid, and what is to be told of others that are not. */
interface Expanded extends Pick<ExpandedSpec, 'document' | 'named'> {
  readonly given: GivenSpec;
  readonly enabled: readonly EnabledPlugin[];
  readonly asked: Asked;
  readonly records: readonly PluginRunRecord[];
}

/**
 * A body laid over its template, changed by the tenant's plugins, and its fields judged.
 * @param buildId what the build will be called; absent: nothing is built
 * @throws EngineError spec.invalid, access.forbidden, plugin.time_exceeded
 */
async function expandedSpec(
  ports: SpecPorts,
  principal: Principal,
  body: unknown,
  { signal, teamId }: AskedFor,
  buildId?: string,
): Promise<Expanded> {
  // The check takes no longer for the read, which is under way meanwhile.
  const [enabled, expanded] = await Promise.all([
    enabledPlugins(ports.table, principal.tenantId),
    expandSpec(templatePorts(ports), principal, body).then((done) => ({
      ...done,
      checked: checkSpec(done.document, ports.installation),
    })),
  ]);
  const { warnings, template } = expanded;
  const about = { warnings, ...(template === undefined ? {} : { template }) };
  const asked: Asked = {
    ...{ actor: principal, signal, seed: principal.tenantId, until: togetherUntil(ports) },
    ...(buildId === undefined ? {} : { buildId }),
    ...(teamId === undefined ? {} : { teamId }),
    ...(template === undefined ? {} : { template }),
  };
  const { document, named, checked, records } = await changedSpec(ports, enabled, asked, expanded);
  if (!checked.ok) throw invalid(named(checked.errors));
  return { given: { spec: checked.spec, ...about }, document, named, enabled, asked, records };
}

type Checked = Pick<ExpandedSpec, 'document' | 'named'> & { readonly checked: SpecCheck };

/** What the tenant's plugins make of a document. What cannot be read as a spec at all, they are not asked about. */
async function changedSpec(
  ports: SpecPorts,
  enabled: readonly EnabledPlugin[],
  asked: Asked,
  before: Checked,
): Promise<Checked & { readonly records: readonly PluginRunRecord[] }> {
  if (!hasHook(enabled, 'transformSpec') || surveyInput(before.document).errors.length > 0) {
    return { ...before, records: [] };
  }
  const document = jsonObjectSchema.safeParse(before.document);
  if (!document.success) return { ...before, records: [] };
  const check = (spec: JsonObject) => checkSpec(spec, ports.installation);
  const errorsOf = (spec: JsonObject) => {
    const checked = check(spec);
    return checked.ok ? [] : checked.errors;
  };
  const { spec, errors, records } = await transformed(ports, enabled, asked, document.data, errorsOf);
  if (errors.length > 0) throw invalid([...before.named(errorsOf(spec)), ...errors]);
  // Places of what a plugin has made are nowhere in what was sent.
  const named = spec === document.data ? before.named : (found: readonly FieldError[]) => found;
  return { document: spec, named, checked: check(spec), records };
}

/** What the tenant's plugins find, and all of their runs. */
async function judgedSpec(ports: SpecPorts, { given, enabled, asked, records }: Expanded) {
  if (!hasHook(enabled, 'validateSpec')) return { errors: [], records };
  const found = await judged(ports, enabled, asked, toJsonObject(given.spec));
  return { errors: found.errors, records: [...records, ...found.records] };
}

/**
 * The resolved spec of a body whose fields alone are looked at, as its author wrote it.
 * @throws EngineError spec.invalid, access.forbidden where it names a template and the caller may use none
 */
export async function writtenSpec(ports: SpecPorts, principal: Principal, body: unknown): Promise<GivenSpec> {
  const { document, named, warnings, template } = await expandSpec(templatePorts(ports), principal, body);
  const checked = checkSpec(document, ports.installation);
  if (!checked.ok) throw invalid(named(checked.errors));
  return { spec: checked.spec, warnings, ...(template === undefined ? {} : { template }) };
}

/**
 * The same of a body that is to be looked at, as it would be built: with its uploads and secrets there, and by the
 * tenant's plugins.
 * @throws EngineError spec.invalid, access.forbidden, plugin.time_exceeded
 */
export async function plannedSpec(
  ports: SpecPorts,
  principal: Principal,
  body: unknown,
  by: AskedFor,
): Promise<PlannedSpec> {
  const { tenantId } = principal;
  const expanded = await expandedSpec(ports, principal, body, by);
  const { given, document, named, enabled, asked } = expanded;
  const [uploads, secrets, plugins] = await Promise.all([
    uploadErrors(ports, tenantId, given.spec, document),
    secretErrors(ports.table, tenantId, given.spec, document),
    judgedSpec(ports, expanded),
  ]);
  const errors = [...uploads, ...secrets, ...plugins.errors];
  if (errors.length > 0) throw invalid(named(errors));
  return { ...given, warnings: [...given.warnings, ...failureWarnings(plugins.records)], enabled, asked };
}

/**
 * The same of a body that is to be built: its uploads are kept from now on.
 * @throws EngineError spec.invalid, access.forbidden, plugin.time_exceeded
 */
export async function submittedSpec(
  ports: SpecPorts,
  principal: Principal,
  body: unknown,
  by: AskedFor,
): Promise<GivenSpec> {
  const { tenantId } = principal;
  const buildId = ports.ids.next('bld');
  const expanded = await expandedSpec(ports, principal, body, by, buildId);
  const { given, document, named, enabled } = expanded;
  const { errors, records } = await judgedSpec(ports, expanded);
  try {
    await needUploads(ports, tenantId, given.spec, document);
    await needSecrets(ports.table, tenantId, given.spec, document);
  } catch (error) {
    throw error instanceof EngineError && error.code === 'spec.invalid'
      ? invalid(named([...error.fields, ...errors]))
      : error;
  }
  if (errors.length > 0) throw invalid(named(errors));
  if (!hasHook(enabled, 'transformSpec', 'validateSpec')) return given;
  const warnings = [...given.warnings, ...failureWarnings(records)];
  // What was asked for is the body: plugins may make something else of the same another time.
  return { ...given, warnings, judged: { buildId, records, asked: digestOf(toJson(body)) } };
}

/**
 * A stored spec that is to be built once more, by the plugins of today. It is judged and not changed: what changes specs
 * has changed this one before.
 * @throws EngineError spec.invalid, plugin.time_exceeded
 */
export async function judgedAgain<Again extends Pick<Submission, 'spec' | 'run' | 'template' | 'warnings'>>(
  ports: SpecPorts,
  actor: ActorOrEngine,
  submission: Again,
  signal: AbortSignal,
): Promise<Again & Pick<Submission, 'judged' | 'warnings'>> {
  const enabled = await enabledPlugins(ports.table, actor.tenantId);
  if (!hasHook(enabled, 'validateSpec')) return submission;
  const { spec, run, template, warnings = [] } = submission;
  const buildId = ports.ids.next('bld');
  const asked: Asked = {
    ...{ actor, signal, seed: buildId, buildId, until: togetherUntil(ports) },
    ...(run?.teamId === undefined ? {} : { teamId: run.teamId }),
    ...(template === undefined ? {} : { template }),
  };
  const { errors, records } = await judged(ports, enabled, asked, toJsonObject(spec));
  if (errors.length > 0) throw invalid(errors);
  return { ...submission, warnings: [...warnings, ...failureWarnings(records)], judged: { buildId, records } };
}

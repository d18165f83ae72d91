import type { Principal } from '../access/principal.ts';
import { reachWith } from '../access/reach.ts';
import type { Warning } from '../builds/warning.ts';
import type { JsonObject, JsonValue } from '../digest.ts';
import { EngineError, type FieldError } from '../errors.ts';
import { jsonObjectSchema } from '../json.ts';
import { fieldPathText, readFieldPath } from '../spec/field-path.ts';
import { type SpecError, specError } from '../spec/spec-errors.ts';
import { surveyInput } from '../spec/survey.ts';
import { nearestName, quoted } from '../text.ts';
import { isJsonObject, jsonOf, originOf, type Part } from './document.ts';
import { expandBody } from './expand.ts';
import { getTemplate, getVersion, type TemplateSource } from './find-template.ts';
import { mergeDocuments } from './merge.ts';
import { isRequired, type Parameters, type ParameterValues, typedValue, valueRefusal } from './parameters.ts';
import type { FoundVersion } from './presets.ts';
import { readReference } from './template-name.ts';
import type { TemplateRecord, VersionReference } from './template-record.ts';

/** A spec as it was sent, laid over the template that it names, if it names one. */
export interface ExpandedSpec {
  /** What is judged as a spec and resolved. */
  readonly document: unknown;
  readonly template?: VersionReference;
  readonly warnings: readonly Warning[];
  /** Names what is wrong with the document by what its author wrote, or by what the template has. */
  readonly named: (errors: readonly FieldError[]) => readonly FieldError[];
}

/**
 * Lays a spec over the template that its member `template` names, expanded with its member `parameters`. A spec without
 * these is what it is.
 * @param body as it was sent
 * @throws EngineError spec.invalid; access.forbidden where the caller may use no templates
 */
export async function expandSpec(source: TemplateSource, viewer: Principal, body: unknown): Promise<ExpandedSpec> {
  const plain = { document: body, warnings: [], named: (errors: readonly FieldError[]) => errors };
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !Object.hasOwn(body, 'template'))
    return plain;
  const survey = surveyInput(body);
  if (survey.errors.length > 0) throw invalidSpec(survey.errors);
  const { template: name, parameters = {}, ...over } = jsonObjectSchema.parse(body);
  const found = await templateOf(source, viewer, name ?? null);
  const { part, errors } = mergeDocuments(
    expandBody(found.body.spec, valuesOf(found.body.parameters, parameters)),
    over,
  );
  if (errors.length > 0) throw invalidSpec(errors);
  const { template, version } = found;
  return {
    document: part === undefined ? {} : jsonOf(part),
    template: { id: template.id, version: version.version },
    warnings: warningsOf(template),
    named: (all) => (part === undefined ? all : all.map((error) => namedError(error, part, found, parameters))),
  };
}

function invalidSpec(fields: readonly FieldError[]): EngineError {
  return new EngineError('spec.invalid', `The spec has ${fields.length} error(s).`, { fields });
}

async function templateOf(source: TemplateSource, viewer: Principal, name: JsonValue): Promise<FoundVersion> {
  // Whoever may read templates inside a team alone builds there of all that the tenant has.
  if (reachWith(viewer, 'templates:read') === undefined) {
    throw new EngineError('access.forbidden', 'A spec that names a template needs templates:read.');
  }
  const refuse = (reason: string, remedy: string) =>
    invalidSpec([specError(['template'], { code: 'spec.unknown_template', reason, remedy })]);
  const reference = typeof name === 'string' ? readReference(name) : undefined;
  if (reference === undefined) {
    const shown = typeof name === 'string' ? quoted(name) : 'it';
    throw refuse(`${shown} names no template`, 'Write name, name@version, id or id@version.');
  }
  try {
    const { template } = await getTemplate(source, viewer, reference.template);
    return await getVersion(source, template, reference.version);
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 404) throw error;
    throw refuse(error.detail, error.remedy);
  }
}

/** The values that a template is expanded with. @throws EngineError spec.invalid, with all that is wrong with them */
function valuesOf(declared: Parameters, given: JsonValue): ParameterValues {
  if (!isJsonObject(given)) {
    const refusal = { code: 'spec.invalid_value', reason: 'it is no object', remedy: 'Give values by name.' } as const;
    throw invalidSpec([specError(['parameters'], refusal)]);
  }
  const errors: SpecError[] = [...unknownErrors(declared, given)];
  const values: [string, ReturnType<typeof typedValue> | undefined][] = [];
  for (const [name, parameter] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const about = parameter.description === '' ? '' : ` ${parameter.description}`;
    const remedy = `Give what the template takes: ${parameter.type}.${about}`;
    if (value === undefined) {
      if (isRequired(parameter)) {
        errors.push(
          specError(['parameters', name], { code: 'spec.missing', reason: 'the parameter is missing', remedy }),
        );
      }
      values.push([name, parameter.default]);
      continue;
    }
    const reason = valueRefusal(parameter, value);
    if (reason === undefined) values.push([name, typedValue(parameter, value)]);
    else errors.push(specError(['parameters', name], { code: 'spec.invalid_value', reason, remedy }));
  }
  if (errors.length > 0) throw invalidSpec(errors);
  return new Map(values);
}

function unknownErrors(declared: Parameters, given: JsonObject): SpecError[] {
  const known = Object.keys(declared);
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearestName(name, known);
      const list = known.length === 0 ? 'The template takes none.' : `The template takes ${known.join(', ')}.`;
      return specError(['parameters', name], {
        code: 'spec.unknown_parameter',
        reason: `there is no parameter ${quoted(name)}`,
        remedy: near === undefined ? `Remove it. ${list}` : `Did you mean ${near}? ${list}`,
      });
    });
}

/** What came of a parameter is named by that; what the template says by itself, by the template. */
function namedError(error: FieldError, document: Part, found: FoundVersion, given: JsonValue): FieldError {
  const origin = originOf(document, readFieldPath(error.path));
  if (origin.layer === 'over') return { ...error, path: fieldPathText(origin.path) };
  const parameter = origin.parameters?.find((name) => isJsonObject(given) && Object.hasOwn(given, name));
  const { template, version } = found;
  return {
    ...error,
    path: parameter === undefined ? 'template' : fieldPathText(['parameters', parameter]),
    reason: `${fieldPathText(origin.path)} of ${template.name}@${version.version}: ${error.reason}`,
  };
}

function warningsOf({ name, deprecated }: TemplateRecord): Warning[] {
  if (deprecated === undefined) return [];
  const instead = deprecated.replacement === undefined ? '' : ` Use ${deprecated.replacement} instead.`;
  return [{ code: 'template.deprecated', message: `${name} is deprecated: ${deprecated.message}${instead}` }];
}

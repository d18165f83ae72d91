import { digestOf, type JsonObject, type Sha256 } from '../digest.ts';
import { EngineError, type FieldError } from '../errors.ts';
import { type Abilities, checkSpec } from '../spec/check.ts';
import { type FieldPath, fieldPathText, readFieldPath } from '../spec/field-path.ts';
import type { SpecErrorCode } from '../spec/refusal.ts';
import { surveyInput } from '../spec/survey.ts';
import { quoted, utf8Length } from '../text.ts';
import { isObjectPart, jsonObjectOf, jsonOf, type ObjectPart, originOf, partOf } from './document.ts';
import { expandBody } from './expand.ts';
import { getTemplate, getVersion, type TemplateSource, type Viewer } from './find-template.ts';
import { templateLimits } from './limits.ts';
import { mergeDocuments } from './merge.ts';
import { declarationRefusal, type Parameter, type Parameters, type ParameterValue } from './parameters.ts';
import type { FoundVersion } from './presets.ts';
import { type References, referencesOf } from './reference-check.ts';
import { referenceTo } from './references.ts';
import { readReference } from './template-name.ts';
import type { TemplateBody, VersionContent, VersionReference } from './template-record.ts';

/** A version as it is stored: complete, so that a use of it reads nothing that it extends. */
export interface Composed {
  readonly body: TemplateBody;
  /** What its author wrote, where that is not all of it. */
  readonly source?: TemplateBody;
  readonly extends: readonly VersionReference[];
  readonly digest: Sha256;
}

/** Bytes of all parameters as JSON: with the spec they must fit one record of the table. */
const parametersBytes = 65_536;

/** What a spec that is laid over the template may still put right. */
const settledLater: ReadonlySet<string> = new Set<SpecErrorCode>([
  'spec.missing',
  'spec.unknown_need',
  'spec.unknown_user',
  'spec.unsupported_option',
]);

/**
 * Makes a version of what an author says: laid over what it extends, with every reference seen to have its parameter, and
 * judged as a spec as far as that can be told before anybody gives values.
 * @param own the template that it is to be a version of; absent: one that is just made
 * @throws EngineError template.invalid, with all that is wrong
 */
export async function composeVersion(
  source: TemplateSource,
  viewer: Viewer,
  abilities: Abilities,
  content: VersionContent,
  own?: string,
): Promise<Composed> {
  needReadable(content.spec);
  const parent = content.extends === undefined ? undefined : await parentOf(source, viewer, content.extends, own);
  const below = parent === undefined ? undefined : partOf(parent.body.spec, 'base');
  const { part, errors } = mergeDocuments(below, content.spec);
  if (errors.length > 0) throw invalid(errors.map((error) => ({ ...error, path: ['spec', error.path].join('.') })));
  // The whole spec can be taken out, which leaves nothing to check.
  const merged = isObjectPart(part) ? part : emptied;
  const spec = jsonObjectOf(merged);
  needReadable(spec);
  const all: Parameters = { ...parent?.body.parameters, ...content.parameters };
  const references = referencesOf(spec, all, (path) => placeOf(merged, path));
  const wrong = [
    ...parameterErrors(content.parameters, parent?.body.parameters ?? {}),
    ...references.errors,
    ...unusedErrors(content.parameters, references),
  ];
  if (wrong.length > 0) throw invalid(wrong);
  const used = Object.entries(all).filter(([name]) => references.used.has(name));
  const body: TemplateBody = { parameters: Object.fromEntries(used), spec };
  const refused = specErrors(body, merged, abilities);
  if (refused.length > 0) throw invalid(refused);
  return {
    body,
    ...(parent === undefined ? {} : { source: { parameters: content.parameters, spec: content.spec } }),
    extends: parent === undefined ? [] : lineageOf(parent),
    digest: digestOf(body),
  };
}

const emptied: ObjectPart = { origin: { layer: 'over', path: [] }, content: new Map() };

const lineageOf = ({ template, version }: FoundVersion): VersionReference[] => [
  { id: template.id, version: version.version },
  ...version.extends,
];

export function invalid(fields: readonly FieldError[]): EngineError {
  return new EngineError('template.invalid', `The template has ${fields.length} error(s).`, { fields });
}

/** @throws EngineError template.invalid where nothing else may walk it */
function needReadable(spec: JsonObject): void {
  const { errors } = surveyInput(spec);
  if (errors.length === 0) return;
  throw invalid(errors.map((error) => ({ ...error, path: error.path === '' ? 'spec' : `spec.${error.path}` })));
}

/** @throws EngineError template.invalid where it cannot be extended */
async function parentOf(
  source: TemplateSource,
  viewer: Viewer,
  text: string,
  own: string | undefined,
): Promise<FoundVersion> {
  const refuse = (reason: string, remedy: string) =>
    invalid([{ path: 'extends', code: 'template.extends_invalid', reason, remedy }]);
  const reference = readReference(text);
  if (reference === undefined) {
    throw refuse(`${quoted(text)} names no template`, 'Write name@version or id@version.');
  }
  let parent: FoundVersion;
  try {
    const { template } = await getTemplate(source, viewer, reference.template);
    parent = await getVersion(source, template, reference.version);
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 404) throw error;
    throw refuse(error.detail, error.remedy);
  }
  const lineage = lineageOf(parent);
  if (own !== undefined && lineage.some(({ id }) => id === own)) {
    throw refuse('it extends this template itself', 'Extend one that does not; a fork has no such bond.');
  }
  if (lineage.length > templateLimits.depth) {
    const reason = `${lineage.length} templates would lie above each other; ${templateLimits.depth} may`;
    throw refuse(reason, 'Extend one that is nearer to the bottom, or fork it.');
  }
  return parent;
}

/** Names a place of the merged document by what the author of the version wrote, or by what that extends. */
function placeOf(merged: ObjectPart, path: FieldPath): { readonly path: string; readonly where?: string } {
  const origin = originOf(merged, path);
  if (origin.layer === 'over') return { path: fieldPathText(['spec', ...origin.path]) };
  return { path: 'extends', where: fieldPathText(origin.path) };
}

function parameterErrors(own: Parameters, inherited: Parameters): FieldError[] {
  const errors: FieldError[] = [];
  const bytes = utf8Length(JSON.stringify(own)) + utf8Length(JSON.stringify(inherited));
  const refuse = (path: FieldPath, reason: string, remedy: string) =>
    errors.push({ path: fieldPathText(path), code: 'template.parameter_invalid', reason, remedy });
  if (bytes > parametersBytes) {
    refuse(
      ['parameters'],
      `they have ${bytes} bytes as JSON`,
      `Give at most ${parametersBytes}, inherited ones included.`,
    );
  }
  for (const [name, parameter] of Object.entries(own)) {
    const wrong = declarationRefusal(parameter);
    if (wrong !== undefined) refuse(['parameters', name, wrong.member], wrong.reason, 'Correct it.');
    const before = Object.hasOwn(inherited, name) ? inherited[name] : undefined;
    if (before !== undefined && before.type !== parameter.type) {
      const reason = `what is extended has it as ${before.type}`;
      refuse(['parameters', name, 'type'], reason, 'Keep the type, or choose another name.');
    }
  }
  return errors;
}

function unusedErrors(own: Parameters, { used }: References): FieldError[] {
  return Object.keys(own)
    .filter((name) => !used.has(name))
    .map((name) => ({
      path: fieldPathText(['parameters', name]),
      code: 'template.unused_parameter',
      reason: 'no text of the spec names it',
      remedy: `Write ${referenceTo(name)} where its value belongs, or remove it.`,
    }));
}

/** What is wrong with the spec, whatever somebody gives: with defaults, and values that stand for what has none. */
function specErrors(body: TemplateBody, merged: ObjectPart, abilities: Abilities): FieldError[] {
  const unsure = new Set(
    Object.entries(body.parameters).flatMap(([name, of]) => (of.default === undefined ? [name] : [])),
  );
  const values = new Map(Object.entries(body.parameters).map(([name, of]) => [name, standIn(of)]));
  const expanded = expandBody(body.spec, values);
  const checked = checkSpec(jsonOf(expanded), abilities);
  if (checked.ok) return [];
  return checked.errors.flatMap((error) => {
    const origin = originOf(expanded, readFieldPath(error.path));
    if (settledLater.has(error.code) || origin.parameters?.some((name) => unsure.has(name)) === true) return [];
    const { path, where } = placeOf(merged, origin.path);
    return [{ ...error, path, reason: where === undefined ? error.reason : `${where}: ${error.reason}` }];
  });
}

function standIn(parameter: Parameter): ParameterValue {
  if (parameter.default !== undefined) return parameter.default;
  switch (parameter.type) {
    case 'boolean':
      return false;
    case 'integer':
      return parameter.min ?? Math.min(1, parameter.max ?? 1);
    case 'enum':
      return parameter.values[0] ?? '';
    case 'list':
      return [];
    case 'string':
      return 'x'.repeat(Math.max(1, parameter.minLength ?? 1));
  }
}

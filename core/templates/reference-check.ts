import type { JsonValue } from '../digest.ts';
import type { FieldError } from '../errors.ts';
import type { FieldPath } from '../spec/field-path.ts';
import { nearestName, quoted } from '../text.ts';
import { isJsonList, isJsonObject } from './document.ts';
import { isRequired, type Parameter, type Parameters } from './parameters.ts';
import { referenceTo, textParts, wholeReference } from './references.ts';

/** What the texts of a spec name. */
export interface References {
  readonly used: ReadonlySet<string>;
  readonly errors: readonly FieldError[];
}

type Place = (path: FieldPath) => { readonly path: string; readonly where?: string };

/**
 * Looks at every reference of a spec: each must have its parameter, and stand where its value can.
 * @param place names a place for whoever wrote it
 */
export function referencesOf(spec: JsonValue, parameters: Parameters, place: Place): References {
  const used = new Set<string>();
  const errors: FieldError[] = [];
  const refuse = (
    path: FieldPath,
    refusal: { readonly code: string; readonly reason: string; readonly remedy: string },
  ) => {
    const { path: shown, where } = place(path);
    errors.push({
      ...refusal,
      path: shown,
      reason: where === undefined ? refusal.reason : `${where}: ${refusal.reason}`,
    });
  };
  const visit = (value: JsonValue, path: FieldPath): void => {
    if (typeof value === 'string') visitText(value, path);
    else if (isJsonList(value)) value.forEach((entry, index) => void visit(entry, [...path, index]));
    else if (isJsonObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        if (name.includes('${{'))
          refuse([...path, name], { ...malformed, reason: 'a reference stands in the name of a field' });
        visit(member, [...path, name]);
      }
    }
  };
  const visitText = (text: string, path: FieldPath): void => {
    const read = textParts(text);
    if ('wrong' in read) {
      refuse(path, { ...malformed, reason: read.wrong });
      return;
    }
    const whole = wholeReference(read.parts);
    for (const part of read.parts) {
      if (typeof part === 'string') continue;
      used.add(part.parameter);
      const parameter = Object.hasOwn(parameters, part.parameter) ? parameters[part.parameter] : undefined;
      const refusal = parameter === undefined ? unknown(part.parameter, parameters) : withinRefusal(parameter, whole);
      if (refusal !== undefined) refuse(path, refusal);
    }
  };
  visit(spec, []);
  return { used, errors };
}

const malformed = {
  code: 'template.reference_invalid',
  remedy: `Write ${referenceTo('name')} in a value; a $ before it lets it stand for itself.`,
} as const;

function unknown(name: string, parameters: Parameters) {
  const near = nearestName(name, Object.keys(parameters));
  return {
    code: 'template.unknown_parameter',
    reason: `there is no parameter ${quoted(name)}`,
    remedy: near === undefined ? 'Declare it below `parameters`.' : `Did you mean ${near}? Else declare it.`,
  };
}

/** Why a parameter cannot stand within a longer text. */
function withinRefusal(parameter: Parameter, whole: string | undefined) {
  if (whole !== undefined) return undefined;
  if (parameter.type === 'list') {
    return { ...malformed, reason: 'a list stands within a text', remedy: 'Let the reference be the whole value.' };
  }
  if (parameter.default === undefined && !isRequired(parameter)) {
    const remedy = 'Give the parameter a default, or let the reference be the whole value.';
    return { ...malformed, reason: 'a value that may be left out stands within a text', remedy };
  }
  return undefined;
}

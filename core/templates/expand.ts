import type { JsonValue } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { FieldPath } from '../spec/field-path.ts';
import { specLimits } from '../spec/limits.ts';
import { isJsonList, isJsonObject, type Part } from './document.ts';
import type { ParameterValue, ParameterValues } from './parameters.ts';
import { knownParts, wholeReference } from './references.ts';

/**
 * Puts values in the place of references, in one pass: what a value says is never read again. A text that is one
 * reference becomes the value with its type; within a longer text the value is text. An entry of a list that is one
 * reference becomes the entries of a list. A member or entry whose value was not given is left out.
 * @param body of a published version
 * @throws EngineError spec.invalid where the outcome is larger than a spec may be
 */
export function expandBody(body: JsonValue, values: ParameterValues): Part {
  const room = { left: specLimits.specBytes.value };
  return expand(body, [], values, room) ?? { origin: { layer: 'base', path: [] }, content: null };
}

/** Characters that may still come: a short text with many references to a long one must not fill the memory. */
interface Room {
  left: number;
}

function expand(value: JsonValue, path: FieldPath, values: ParameterValues, room: Room): Part | undefined {
  const origin = { layer: 'base', path } as const;
  if (typeof value === 'string') return expandText(value, path, values, room);
  if (isJsonList(value)) {
    return { origin, content: value.flatMap((entry, index) => expandEntry(entry, [...path, index], values, room)) };
  }
  if (!isJsonObject(value)) return { origin, content: value };
  const members = Object.entries(value).flatMap(([name, member]): [string, Part][] => {
    const part = expand(member, [...path, name], values, room);
    return part === undefined ? [] : [[name, part]];
  });
  return { origin, content: new Map(members) };
}

function expandEntry(entry: JsonValue, path: FieldPath, values: ParameterValues, room: Room): Part[] {
  const part = expand(entry, path, values, room);
  if (part === undefined) return [];
  // Of a text only a reference to a list comes as one: its entries stand here.
  return typeof entry === 'string' && Array.isArray(part.content) ? [...part.content] : [part];
}

function expandText(text: string, path: FieldPath, values: ParameterValues, room: Room): Part | undefined {
  const parts = knownParts(text);
  const parameters = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.parameter]));
  const origin = { layer: 'base', path, ...(parameters.length === 0 ? {} : { parameters }) } as const;
  const whole = wholeReference(parts);
  if (whole !== undefined) {
    const value = givenValue(values, whole);
    if (value === undefined) return undefined;
    if (typeof value !== 'object') return { origin, content: within(room, value) };
    return { origin, content: value.map((entry) => ({ origin, content: within(room, entry) })) };
  }
  const content = parts.map((part) =>
    within(room, typeof part === 'string' ? part : inText(givenValue(values, part.parameter))),
  );
  return { origin, content: content.join('') };
}

function within<T extends string | number | boolean>(room: Room, value: T): T {
  room.left -= String(value).length;
  if (room.left >= 0) return value;
  const { value: most, reason } = specLimits.specBytes;
  throw new EngineError('spec.invalid', 'The spec has 1 error(s).', {
    fields: [
      {
        path: 'template',
        code: 'spec.too_large',
        reason: `with these parameters the spec is larger than ${most} bytes; ${reason}`,
        remedy: 'Give shorter values.',
      },
    ],
  });
}

/** @throws Error where the parameter is none of the version, which was seen when it was published */
function givenValue(values: ParameterValues, name: string): ParameterValue | undefined {
  if (!values.has(name)) throw new Error(`a published template names the parameter ${name}, which it has not`);
  return values.get(name);
}

/** @throws Error where it is none that can stand within a text, which was seen when the version was published */
function inText(value: ParameterValue | undefined): string {
  if (value === undefined || typeof value === 'object') throw new Error('the value cannot stand within a text');
  return String(value);
}

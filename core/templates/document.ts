import type { JsonObject, JsonValue } from '../digest.ts';
import type { FieldPath } from '../spec/field-path.ts';

/** Where a part of a merged document comes from: from beneath, or from what was laid over it. */
export interface Origin {
  readonly layer: 'base' | 'over';
  readonly path: FieldPath;
  /** Parameters whose values are in it. */
  readonly parameters?: readonly string[];
}

export type Scalar = null | boolean | number | string;

/** A part of a document that knows where it comes from, so that an error in it can name what somebody wrote. */
export interface Part {
  readonly origin: Origin;
  readonly content: Scalar | readonly Part[] | ReadonlyMap<string, Part>;
}

/** An object of a document. */
export type ObjectPart = Part & { readonly content: ReadonlyMap<string, Part> };

export const isObjectPart = (part: Part | undefined): part is ObjectPart => part?.content instanceof Map;
export const isListPart = (part: Part | undefined): part is Part & { readonly content: readonly Part[] } =>
  Array.isArray(part?.content);

export const isJsonObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isJsonList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** The document as plain JSON. */
export function jsonOf({ content }: Part): JsonValue {
  if (content instanceof Map) return objectOf(content);
  if (typeof content !== 'object' || content === null) return content;
  return [...content.values()].map(jsonOf);
}

/** As jsonOf, of what is known to be an object. */
export function jsonObjectOf({ content }: ObjectPart): JsonObject {
  return objectOf(content);
}

function objectOf(members: ReadonlyMap<string, Part>): JsonObject {
  return Object.fromEntries([...members].map(([name, part]) => [name, jsonOf(part)]));
}

/** A document of one layer, as it is. */
export function partOf(value: JsonValue, layer: Origin['layer'], path: FieldPath = []): Part {
  const origin = { layer, path };
  if (isJsonList(value))
    return { origin, content: value.map((entry, index) => partOf(entry, layer, [...path, index])) };
  if (!isJsonObject(value)) return { origin, content: value };
  return {
    origin,
    content: new Map(Object.entries(value).map(([name, member]) => [name, partOf(member, layer, [...path, name])])),
  };
}

/**
 * What somebody wrote at a place of a merged document. Of a place at which there is nothing it is the place in the
 * nearest part around it that is there.
 */
export function originOf(document: Part, path: FieldPath): Origin {
  let part = document;
  for (const [depth, step] of path.entries()) {
    const { content } = part;
    const next =
      content instanceof Map ? content.get(String(step)) : Array.isArray(content) ? partAt(content, step) : undefined;
    if (next === undefined) return { ...part.origin, path: [...part.origin.path, ...path.slice(depth)] };
    part = next;
  }
  return part.origin;
}

function partAt(list: readonly Part[], step: string | number): Part | undefined {
  return typeof step === 'number' ? list[step] : undefined;
}

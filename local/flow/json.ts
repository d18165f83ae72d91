import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../core/digest.ts';
import { toJson } from '../../core/json.ts';

/** Any JSON value, as the engine types it. */
export const jsonSchema: z.ZodType<JsonValue> = z.json();

/**
 * Parses JSON text.
 * @throws SyntaxError where it is none.
 */
export function parseJson(text: string): JsonValue {
  return toJson(JSON.parse(text));
}

/** True for an object that is no array and not null. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

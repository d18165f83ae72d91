import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../core/digest.ts';

/** Any JSON value, as the engine types it. */
export const jsonSchema: z.ZodType<JsonValue> = z.json();

/**
 * Copies a value as JSON would carry it: members that are undefined are left out, and what arrays or objects carry
 * besides their members (the expression language marks its sequences so) does not come along.
 * @returns undefined where the value itself is undefined or a function.
 * @throws TypeError where JSON cannot hold the value (a bigint, a symbol, a number that is not finite).
 */
export function toJson(value: unknown): JsonValue | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value === undefined || typeof value === 'function') return undefined;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('JSON holds finite numbers only');
    return value;
  }
  if (Array.isArray(value)) return value.map((entry) => toJson(entry) ?? null);
  if (typeof value === 'object') {
    const copy: Record<string, JsonValue> = {};
    for (const [key, member] of Object.entries(value)) {
      const json = toJson(member);
      // Not by assignment: a member called __proto__ is data like any other.
      if (json !== undefined) {
        Object.defineProperty(copy, key, { value: json, enumerable: true, writable: true, configurable: true });
      }
    }
    return copy;
  }
  throw new TypeError(`JSON cannot hold a ${typeof value}`);
}

/**
 * Parses JSON text.
 * @throws SyntaxError where it is none.
 */
export function parseJson(text: string): JsonValue {
  return toJson(JSON.parse(text)) ?? null;
}

/** True for an object that is no array and not null. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

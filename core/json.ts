import { z } from 'zod';
import type { JsonObject, JsonValue } from './digest.ts';

/** A copy of a value as plain JSON: members that are undefined are left out; what JSON cannot hold is a TypeError. */
export function toJson(value: unknown): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('JSON holds finite numbers only');
    return value;
  }
  if (Array.isArray(value)) return value.map((entry) => toJson(entry));
  if (typeof value === 'object') return toJsonObject(value);
  throw new TypeError(`JSON cannot hold a ${typeof value}`);
}

/** As toJson, of an object. */
export function toJsonObject(value: object): JsonObject {
  const members: [string, JsonValue][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members.push([name, toJson(member)]);
  }
  return Object.fromEntries(members);
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** Reads JSON from UTF-8 bytes. @throws SyntaxError or TypeError where they are none. */
export function readJson(bytes: Uint8Array): unknown {
  const parsed: unknown = JSON.parse(decoder.decode(bytes));
  return parsed;
}

/** Reads JSON from text; undefined where it is none. */
export function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Any JSON object, kept as it is. */
export const jsonObjectSchema: z.ZodType<JsonObject, JsonObject> = z.record(z.string(), z.json());

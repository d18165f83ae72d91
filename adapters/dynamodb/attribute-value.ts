import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';

/** A stored value as it is read: from the table, from the stream's API, or from the event that Lambda gets. */
export interface StoredValue {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly BOOL?: boolean | undefined;
  readonly NULL?: boolean | undefined;
  readonly L?: readonly StoredValue[] | undefined;
  readonly M?: StoredItem | undefined;
}
export interface StoredItem {
  readonly [name: string]: StoredValue;
}

/** The same, parsed from a stream record of unknown origin. Types that the engine never writes are refused. */
export const storedItemSchema: z.ZodType<StoredItem> = z.lazy(() => z.record(z.string(), storedValueSchema));
const storedValueSchema: z.ZodType<StoredValue> = z.lazy(() =>
  z.union([
    z.strictObject({ S: z.string() }),
    z.strictObject({ N: z.string() }),
    z.strictObject({ M: storedItemSchema }),
    z.strictObject({ L: z.array(storedValueSchema) }),
    z.strictObject({ BOOL: z.boolean() }),
    z.strictObject({ NULL: z.boolean() }),
  ]),
);

/** Writes a JSON value as DynamoDB's. Numbers keep all digits of the double: its decimals hold 38. */
export function marshalValue(value: JsonValue): AttributeValue {
  if (value === null) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return numberValue(value);
  if (typeof value === 'boolean') return { BOOL: value };
  if (isArray(value)) return { L: value.map(marshalValue) };
  return { M: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, marshalValue(member)])) };
}

/** A number, or an integer beyond what a double holds, as DynamoDB's decimal. */
export function numberValue(value: number | bigint): AttributeValue.NMember {
  return { N: String(value) };
}

/** Reads a value that marshalValue wrote. @throws EngineError internal.error for a type that it never writes. */
export function unmarshalValue(value: StoredValue): JsonValue {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.M !== undefined) return unmarshalObject(value.M);
  if (value.L !== undefined) return value.L.map(unmarshalValue);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.NULL !== undefined) return null;
  throw new EngineError('internal.error', `the table holds a value of a type that the engine never writes`);
}

/** Reads the members of a map. */
export function unmarshalObject(members: StoredItem): JsonObject {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, unmarshalValue(member)]));
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

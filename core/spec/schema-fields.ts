import type { z } from 'zod';
import { type FieldPath, valueAt } from './field-path.ts';
import { specJsonSchema } from './json-schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;

let root: JsonSchema | undefined;

/** Members by which the alternatives of a `oneOf` are told apart. */
const discriminators = ['type', 'distribution'] as const;

/**
 * The alternative of a `oneOf` that the value's discriminator chooses, or its default; that of an `anyOf` which is an
 * object where the value is one; or the schema itself.
 */
function chosen(schema: JsonSchema, value: unknown): JsonSchema {
  if (schema.anyOf !== undefined && typeof value === 'object' && value !== null) {
    return schema.anyOf.filter(isSchema).find((option) => option.properties !== undefined) ?? schema;
  }
  const options = schema.oneOf?.filter(isSchema) ?? [];
  const isMeant = (option: JsonSchema): boolean =>
    discriminators.some((name) => {
      const member = valueAt(option, ['properties', name]);
      const meant = valueAt(member, ['const']);
      return meant !== undefined && meant === (valueAt(value, [name]) ?? valueAt(member, ['default']));
    });
  return options.find(isMeant) ?? schema;
}

/** The JSON Schema of the field at a place of an input, or undefined where the spec has no such field. */
export function fieldSchema(path: FieldPath, input: unknown): JsonSchema | undefined {
  root ??= specJsonSchema();
  let schema: JsonSchema | undefined = root;
  for (const [depth, part] of path.entries()) {
    const members: JsonSchema = chosen(schema, valueAt(input, path.slice(0, depth)));
    const next: unknown =
      typeof part === 'number' ? members.items : (valueAt(members.properties, [part]) ?? members.additionalProperties);
    if (!isSchema(next)) return undefined;
    schema = next;
  }
  return chosen(schema, valueAt(input, path));
}

/** Names of the members of the object at a place; empty where it is no object of the spec. */
export function memberNames(path: FieldPath, input: unknown): string[] {
  return Object.keys(fieldSchema(path, input)?.properties ?? {});
}

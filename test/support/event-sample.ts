import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../core/digest.ts';
import { eventCatalogue } from '../../core/events/catalogue.ts';
import type { EventType } from '../../core/events/event.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;
const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;

function sampleOf(schema: JsonSchema): JsonValue {
  if (schema.const !== undefined) return z.json().parse(schema.const);
  if (schema.enum !== undefined) return z.json().parse(schema.enum[0]);
  if (schema.type === 'object') return sampleObject(schema);
  if (schema.type === 'array') return [];
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(1, schema.minimum ?? 1);
  return schema.type === 'boolean' ? true : 'x_1';
}

function sampleObject({ properties = {}, required = [] }: JsonSchema): JsonObject {
  return Object.fromEntries(
    required.map((name) => {
      const member = properties[name];
      return [name, isSchema(member) ? sampleOf(member) : null];
    }),
  );
}

/** All that an event of a type must tell, by the catalogue. */
export const sampleDetail = (type: EventType): JsonObject =>
  sampleObject(z.toJSONSchema(eventCatalogue[type].detail, { io: 'input' }));

import { z } from 'zod';
import { specSchema } from './schema.ts';

/** The JSON Schema (draft 2020-12) of a spec as it may be written. Rules between fields are beyond it. */
export function specJsonSchema(): z.core.JSONSchema.BaseSchema {
  return { ...z.toJSONSchema(specSchema, { io: 'input', target: 'draft-2020-12' }), title: 'Build spec' };
}

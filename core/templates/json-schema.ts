import { z } from 'zod';
import { specJsonSchema } from '../spec/json-schema.ts';
import { templateFileSchema } from './template-record.ts';
import { templatedSpecSchema } from './templated-spec.ts';

const target = { io: 'input', target: 'draft-2020-12' } as const;

/** The JSON Schema of a spec's file: a spec, or one that is laid over a template. */
export function specFileJsonSchema(): z.core.JSONSchema.BaseSchema {
  const { $schema, title = '', ...spec } = specJsonSchema();
  const { $schema: _, ...templated } = z.toJSONSchema(templatedSpecSchema, target);
  return { ...($schema === undefined ? {} : { $schema }), title, anyOf: [spec, templated] };
}

/** The JSON Schema of a template's file. */
export function templateJsonSchema(): z.core.JSONSchema.BaseSchema {
  return { ...z.toJSONSchema(templateFileSchema, target), title: 'Template' };
}

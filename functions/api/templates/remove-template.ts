import { z } from 'zod';
import { removeTemplate as remove } from '../../../core/templates/remove-template.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

/** Removes a template. Builds of it, and what extends or forks it, have in them all that they need. */
export const removeTemplate = defineOperation({
  id: 'removeTemplate',
  method: 'DELETE',
  path: '/v1/templates/{id}',
  summary: 'Remove a template with its versions and reviews; builds of it keep what they were made of',
  access: { kind: 'permission', permission: 'templates:write' },
  params: templateParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'TemplateRemoval' }),
  status: 200,
  errors: ['template.not_found', 'template.read_only'],
  async handle(given, { params, context }) {
    await remove(templatePorts(given), principalOf(context), params.id);
    return { body: { removed: true as const } };
  },
});

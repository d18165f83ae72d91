import { z } from 'zod';
import { countsOf } from '../../../core/templates/counts.ts';
import { templateChangeSchema } from '../../../core/templates/template-record.ts';
import { changeTemplate as change } from '../../../core/templates/template-repository.ts';
import { templateView, templateViewSchema } from '../../../core/templates/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

export const changeTemplate = defineOperation({
  id: 'changeTemplate',
  method: 'PATCH',
  path: '/v1/templates/{id}',
  summary: 'Describe a template otherwise, say who sees it, or deprecate it',
  access: { kind: 'permission', permission: 'templates:write' },
  params: templateParamsSchema,
  query: z.strictObject({}),
  body: templateChangeSchema,
  response: templateViewSchema,
  status: 200,
  errors: ['template.not_found', 'template.read_only'],
  async handle(given, { params, body, context }) {
    const principal = principalOf(context);
    const template = await change(templatePorts(given), principal, params.id, body);
    return { body: templateView(template, principal, await countsOf(given.table, template.id)) };
  },
});

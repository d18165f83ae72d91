import { z } from 'zod';
import { countsOf } from '../../../core/templates/counts.ts';
import { getTemplate } from '../../../core/templates/find-template.ts';
import { templateView, templateViewSchema } from '../../../core/templates/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

export const readTemplate = defineOperation({
  id: 'readTemplate',
  method: 'GET',
  path: '/v1/templates/{id}',
  summary: 'A template',
  access: { kind: 'permission', permission: 'templates:read' },
  params: templateParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: templateViewSchema,
  status: 200,
  errors: ['template.not_found'],
  async handle(given, { params, context }) {
    const principal = principalOf(context);
    const { template } = await getTemplate(templatePorts(given), principal, params.id);
    return { body: templateView(template, principal, await countsOf(given.table, template.id)) };
  },
});

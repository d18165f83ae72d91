import { z } from 'zod';
import { digestOf } from '../../../core/digest.ts';
import { countsOf } from '../../../core/templates/counts.ts';
import { getTemplate } from '../../../core/templates/find-template.ts';
import { templateFileSchema } from '../../../core/templates/template-record.ts';
import { createTemplate as create } from '../../../core/templates/template-repository.ts';
import { templateView, templateViewSchema } from '../../../core/templates/views.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';

export const createTemplate = defineOperation({
  id: 'createTemplate',
  method: 'POST',
  path: '/v1/templates',
  summary: 'Make a template with its first version; a public one needs templates:publish too',
  access: { kind: 'permission', permission: 'templates:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: templateFileSchema.meta({ id: 'TemplateFile' }),
  response: templateViewSchema,
  status: 201,
  otherStatus: 200,
  locates: true,
  errors: ['template.invalid', 'template.name_taken', 'template.too_many'],
  idempotent: true,
  async handle(given, { body, context }) {
    const principal = principalOf(context);
    const ports = templatePorts(given);
    const { tenantId } = principal;
    const { made, created } = await createOnce(
      ports,
      { tenantId, key: context.idempotencyKey, digest: digestOf({ createTemplate: body }) },
      (remember) => create(ports, principal, body, remember),
      async (id) => (await getTemplate(ports, principal, id)).template,
    );
    return {
      status: created ? 201 : 200,
      headers: { location: `/v1/templates/${made.id}` },
      body: templateView(made, principal, await countsOf(ports.table, made.id)),
    };
  },
});

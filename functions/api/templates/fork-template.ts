import { z } from 'zod';
import { digestOf } from '../../../core/digest.ts';
import { countsOf } from '../../../core/templates/counts.ts';
import { getTemplate } from '../../../core/templates/find-template.ts';
import { templateLimits } from '../../../core/templates/limits.ts';
import { templateContentSchema } from '../../../core/templates/template-record.ts';
import { forkTemplate as fork } from '../../../core/templates/template-repository.ts';
import { templateView, templateViewSchema } from '../../../core/templates/views.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

/** Makes a template of one's own of a version of another, presets included. Nothing binds the two afterwards. */
export const forkTemplate = defineOperation({
  id: 'forkTemplate',
  method: 'POST',
  path: '/v1/templates/{id}:fork',
  summary: 'Make a template of your own of a version of one that you see',
  access: { kind: 'permission', permission: 'templates:write' },
  params: templateParamsSchema,
  query: z.strictObject({}),
  body: z
    .strictObject({
      name: templateContentSchema.shape.name,
      version: z.number().int().min(1).max(templateLimits.versions).exactOptional().describe('Absent: its newest.'),
      description: templateContentSchema.shape.description.removeDefault().exactOptional(),
      visibility: templateContentSchema.shape.visibility,
    })
    .meta({ id: 'TemplateFork' }),
  response: templateViewSchema,
  status: 201,
  otherStatus: 200,
  locates: true,
  errors: ['template.not_found', 'template.version_not_found', 'template.name_taken', 'template.too_many'],
  idempotent: true,
  async handle(given, { params, body, context }) {
    const principal = principalOf(context);
    const ports = templatePorts(given);
    const { version, ...content } = body;
    const { made, created } = await createOnce(
      ports,
      {
        tenantId: principal.tenantId,
        key: context.idempotencyKey,
        digest: digestOf({ forkTemplate: params.id, body }),
      },
      (remember) => fork(ports, principal, { idOrName: params.id, version }, content, remember),
      async (id) => (await getTemplate(ports, principal, id)).template,
    );
    return {
      status: created ? 201 : 200,
      headers: { location: `/v1/templates/${made.id}` },
      body: templateView(made, principal, await countsOf(ports.table, made.id)),
    };
  },
});

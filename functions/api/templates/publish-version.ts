import { z } from 'zod';
import { digestOf } from '../../../core/digest.ts';
import { getTemplate, getVersion } from '../../../core/templates/find-template.ts';
import { readReference } from '../../../core/templates/template-name.ts';
import { versionContentSchema } from '../../../core/templates/template-record.ts';
import { publishVersion } from '../../../core/templates/template-repository.ts';
import { versionView, versionViewSchema } from '../../../core/templates/views.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

export const publishTemplateVersion = defineOperation({
  id: 'publishTemplateVersion',
  method: 'POST',
  path: '/v1/templates/{id}/versions',
  summary: 'Publish the next version of a template; of a public one that needs templates:publish too',
  access: { kind: 'permission', permission: 'templates:write' },
  params: templateParamsSchema,
  query: z.strictObject({}),
  body: versionContentSchema.meta({ id: 'TemplateVersionContent' }),
  response: versionViewSchema,
  status: 201,
  otherStatus: 200,
  locates: true,
  errors: ['template.not_found', 'template.read_only', 'template.invalid', 'template.too_many_versions'],
  idempotent: true,
  async handle(given, { params, body, context }) {
    const principal = principalOf(context);
    const ports = templatePorts(given);
    const { tenantId } = principal;
    const digest = digestOf({ publishTemplateVersion: params.id, body });
    const { made, created } = await createOnce(
      ports,
      { tenantId, key: context.idempotencyKey, digest },
      (remember) => publishVersion(ports, principal, params.id, body, remember),
      async (resource) => {
        const { template: id = '', version } = readReference(resource) ?? {};
        return getVersion(ports, (await getTemplate(ports, principal, id)).template, version);
      },
    );
    return {
      status: created ? 201 : 200,
      headers: { location: `/v1/templates/${made.template.id}/versions/${made.version.version}` },
      body: versionView(made.version, made.template, principal),
    };
  },
});

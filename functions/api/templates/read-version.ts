import { z } from 'zod';
import { getTemplate, getVersion } from '../../../core/templates/find-template.ts';
import { sourceOf } from '../../../core/templates/versions.ts';
import { versionDetail, versionDetailSchema, versionView } from '../../../core/templates/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { versionParamsSchema } from './template-params.ts';

export const readTemplateVersion = defineOperation({
  id: 'readTemplateVersion',
  method: 'GET',
  path: '/v1/templates/{id}/versions/{version}',
  summary: 'A version of a template: its parameters and its spec',
  access: { kind: 'permission', permission: 'templates:read' },
  params: versionParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: versionDetailSchema,
  status: 200,
  errors: ['template.not_found', 'template.version_not_found'],
  async handle(given, { params, context }) {
    const principal = principalOf(context);
    const ports = templatePorts(given);
    const { template } = await getTemplate(ports, principal, params.id);
    const found = await getVersion(ports, template, params.version);
    const view = versionView(found.version, template, principal);
    return { body: versionDetail(view, found.body, await sourceOf(ports, found)) };
  },
});

import { z } from 'zod';
import { getTemplate } from '../../../core/templates/find-template.ts';
import { listVersions } from '../../../core/templates/versions.ts';
import { versionView, versionViewSchema } from '../../../core/templates/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

export const listTemplateVersions = defineOperation({
  id: 'listTemplateVersions',
  method: 'GET',
  path: '/v1/templates/{id}/versions',
  summary: 'The versions of a template, newest first',
  access: { kind: 'permission', permission: 'templates:read' },
  params: templateParamsSchema,
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z
    .strictObject({ versions: z.array(versionViewSchema), cursor: nextCursor })
    .meta({ id: 'TemplateVersionList' }),
  status: 200,
  errors: ['template.not_found', 'cursor.invalid'],
  async handle(given, { params, query, context }) {
    const principal = principalOf(context);
    const ports = templatePorts(given);
    const { template } = await getTemplate(ports, principal, params.id);
    const scope = ['listTemplateVersions', principal.tenantId, template.id];
    const { page, next } = await readPage(given.installation.cursorSecret, scope, query, (at) =>
      listVersions(ports, template, at),
    );
    return { body: { versions: page.versions.map((one) => versionView(one, template, principal)), ...next } };
  },
});

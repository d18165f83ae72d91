import { z } from 'zod';
import { countsOf } from '../../../core/templates/counts.ts';
import { templateLimits } from '../../../core/templates/limits.ts';
import { searchTemplates } from '../../../core/templates/search.ts';
import { visibilities } from '../../../core/templates/template-record.ts';
import { templateView, templateViewSchema } from '../../../core/templates/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';

export const listTemplates = defineOperation({
  id: 'listTemplates',
  method: 'GET',
  path: '/v1/templates',
  summary: 'Find templates: presets, your own, your tenant’s, and the public ones of all tenants',
  access: { kind: 'permission', permission: 'templates:read' },
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    query: z.string().max(200).optional().describe('Words; each must begin a word of name, tags or description.'),
    tag: z.string().max(templateLimits.tagLength).optional().describe('Only those with this tag.'),
    visibility: z.enum(visibilities).optional().describe('Only private, your tenant’s, or public ones.'),
  }),
  body: undefined,
  response: z.strictObject({ templates: z.array(templateViewSchema), cursor: nextCursor }).meta({ id: 'TemplateList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(given, { query, context }) {
    const principal = principalOf(context);
    const ports = templatePorts(given);
    const { query: words, tag, visibility } = query;
    const { tenantId, memberId } = principal;
    const scope = ['listTemplates', tenantId, memberId, words ?? '', tag ?? '', visibility ?? ''];
    const { page, next } = await readPage(given.installation.cursorSecret, scope, query, (at) =>
      searchTemplates(ports, principal, { query: words, tag, visibility }, at),
    );
    const templates = await Promise.all(
      page.templates.map(async (one) => templateView(one, principal, await countsOf(ports.table, one.id))),
    );
    return { body: { templates, ...next } };
  },
});

import { z } from 'zod';
import { getTemplate } from '../../../core/templates/find-template.ts';
import { listReviews, reviewView, reviewViewSchema } from '../../../core/templates/reviews.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

export const listTemplateReviews = defineOperation({
  id: 'listTemplateReviews',
  method: 'GET',
  path: '/v1/templates/{id}/reviews',
  summary: 'What those who built a template say of it',
  access: { kind: 'permission', permission: 'templates:read' },
  params: templateParamsSchema,
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z.strictObject({ reviews: z.array(reviewViewSchema), cursor: nextCursor }).meta({ id: 'ReviewList' }),
  status: 200,
  errors: ['template.not_found', 'cursor.invalid'],
  async handle(given, { params, query, context }) {
    const principal = principalOf(context);
    const ports = templatePorts(given);
    const { template } = await getTemplate(ports, principal, params.id);
    const scope = ['listTemplateReviews', principal.tenantId, template.id];
    const { page, next } = await readPage(given.installation.cursorSecret, scope, query, (at) =>
      listReviews(ports, template, at),
    );
    return { body: { reviews: page.reviews.map((review) => reviewView(review, principal)), ...next } };
  },
});

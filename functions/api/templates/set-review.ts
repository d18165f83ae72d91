import { z } from 'zod';
import { reviewContentSchema, reviewView, reviewViewSchema, setReview } from '../../../core/templates/reviews.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

export const reviewTemplate = defineOperation({
  id: 'reviewTemplate',
  method: 'PUT',
  path: '/v1/templates/{id}/review',
  summary: 'Say what you think of a template that you have built; it replaces what you said before',
  access: { kind: 'permission', permission: 'templates:review' },
  params: templateParamsSchema,
  query: z.strictObject({}),
  body: reviewContentSchema,
  response: reviewViewSchema,
  status: 200,
  otherStatus: 201,
  errors: ['template.not_found', 'template.not_built'],
  async handle(given, { params, body, context }) {
    const principal = principalOf(context);
    const { review, created } = await setReview(templatePorts(given), principal, params.id, body);
    return { status: created ? 201 : 200, body: reviewView(review, principal) };
  },
});

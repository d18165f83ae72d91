import { z } from 'zod';
import { removeReview } from '../../../core/templates/reviews.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { templatePorts } from '../../shared/template-ports.ts';
import { templateParamsSchema } from './template-params.ts';

export const removeTemplateReview = defineOperation({
  id: 'removeTemplateReview',
  method: 'DELETE',
  path: '/v1/templates/{id}/review',
  summary: 'Take back what you said of a template',
  access: { kind: 'permission', permission: 'templates:review' },
  params: templateParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'ReviewRemoval' }),
  status: 200,
  errors: ['template.not_found', 'review.not_found'],
  async handle(given, { params, context }) {
    await removeReview(templatePorts(given), principalOf(context), params.id);
    return { body: { removed: true as const } };
  },
});

import { z } from 'zod';
import { rateCardView, rateCardViewSchema } from '../../../core/billing/rate-card.ts';
import { removeRates as remove } from '../../../core/billing/rate-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { rateParamsSchema } from './rate-params.ts';

export const removeRates = defineOperation({
  id: 'removeRates',
  method: 'DELETE',
  path: '/v1/billing/rates/{from}',
  summary: 'Take a version of the rate card back that has not begun',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: rateParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: rateCardViewSchema,
  status: 200,
  errors: ['rates.not_found', 'rates.begun'],
  async handle(ports, { params, context }) {
    const card = await remove(ports, principalOf(context), params.from);
    return { body: rateCardView(card, ports.clock.now()) };
  },
});

import { z } from 'zod';
import { rateCardView, rateCardViewSchema, rateVersionSchema } from '../../../core/billing/rate-card.ts';
import { setRates as set } from '../../../core/billing/rate-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { rateParamsSchema } from './rate-params.ts';

export const setRates = defineOperation({
  id: 'setRates',
  method: 'PUT',
  path: '/v1/billing/rates/{from}',
  summary: 'Add a version to the rate card of the installation, or replace one that has not begun',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: rateParamsSchema,
  query: z.strictObject({}),
  body: rateVersionSchema.omit({ from: true }),
  response: rateCardViewSchema,
  status: 200,
  errors: ['rates.begun', 'rates.too_many'],
  async handle(ports, { params, body, context }) {
    const card = await set(ports, principalOf(context), { ...body, from: params.from });
    return { body: rateCardView(card, ports.clock.now()) };
  },
});

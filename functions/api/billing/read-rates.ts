import { z } from 'zod';
import { rateCardView, rateCardViewSchema } from '../../../core/billing/rate-card.ts';
import { readRateCard } from '../../../core/billing/rate-repository.ts';
import { defineOperation } from '../../shared/operation.ts';

export const readRates = defineOperation({
  id: 'readRates',
  method: 'GET',
  path: '/v1/billing/rates',
  summary: 'The rate card: what one unit of each kind costs, and from when on',
  access: { kind: 'permission', permission: 'billing:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: rateCardViewSchema,
  status: 200,
  errors: [],
  async handle(ports) {
    const card = await readRateCard(ports.table);
    return { body: rateCardView(card, ports.clock.now()) };
  },
});

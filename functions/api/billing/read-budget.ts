import { z } from 'zod';
import { budgetView, budgetViewSchema } from '../../../core/billing/billing-view.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readBudget = defineOperation({
  id: 'readBudget',
  method: 'GET',
  path: '/v1/billing/budget',
  summary: 'The tenant’s budget, and what of it is spent',
  access: { kind: 'permission', permission: 'billing:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: budgetViewSchema,
  status: 200,
  errors: ['budget.not_found'],
  async handle(ports, { context }) {
    return { body: await budgetView(ports, { tenantId: principalOf(context).tenantId }) };
  },
});

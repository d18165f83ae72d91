import { z } from 'zod';
import { removeBudget as remove } from '../../../core/billing/set-budget.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const budgetRemovalSchema = z.strictObject({ removed: z.literal(true) }).meta({ id: 'BudgetRemoval' });

export const removeBudget = defineOperation({
  id: 'removeBudget',
  method: 'DELETE',
  path: '/v1/billing/budget',
  summary: 'Take the tenant’s budget away',
  access: { kind: 'permission', permission: 'billing:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: budgetRemovalSchema,
  status: 200,
  errors: ['budget.not_found'],
  async handle(ports, { context }) {
    const principal = principalOf(context);
    await remove(ports, principal, { tenantId: principal.tenantId });
    return { body: { removed: true as const } };
  },
});

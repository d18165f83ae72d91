import { z } from 'zod';
import { budgetView, budgetViewSchema } from '../../../core/billing/billing-view.ts';
import { budgetSettingSchema } from '../../../core/billing/budget.ts';
import { setBudget as set } from '../../../core/billing/set-budget.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

/** Sets all of it: what is left out is as it is without. */
export const setBudget = defineOperation({
  id: 'setBudget',
  method: 'PUT',
  path: '/v1/billing/budget',
  summary: 'Give the tenant a monthly budget: what is told when, and whether it stops builds',
  access: { kind: 'permission', permission: 'billing:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: budgetSettingSchema,
  response: budgetViewSchema,
  status: 200,
  errors: [],
  async handle(ports, { body, context }) {
    const principal = principalOf(context);
    const owner = { tenantId: principal.tenantId };
    await set(ports, principal, owner, body);
    return { body: await budgetView(ports, owner) };
  },
});

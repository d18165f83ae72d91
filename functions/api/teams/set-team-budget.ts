import { z } from 'zod';
import { budgetView, budgetViewSchema } from '../../../core/billing/billing-view.ts';
import { budgetSettingSchema } from '../../../core/billing/budget.ts';
import { setBudget as set } from '../../../core/billing/set-budget.ts';
import { getTeam } from '../../../core/teams/team-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

/** Sets all of it: what is left out is as it is without. */
export const setTeamBudget = defineOperation({
  id: 'setTeamBudget',
  method: 'PUT',
  path: '/v1/teams/{teamId}/budget',
  summary: 'Give a team a monthly budget: what is told when, and whether it stops builds',
  access: { kind: 'permission', permission: 'billing:write' },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: budgetSettingSchema,
  response: budgetViewSchema,
  status: 200,
  errors: ['team.not_found'],
  async handle(ports, { params, body, context }) {
    const principal = principalOf(context);
    const { tenantId, teamId } = (await getTeam(ports.table, reachOf(context), params.teamId)).team;
    const owner = { tenantId, teamId };
    await set(ports, principal, owner, body);
    return { body: await budgetView(ports, owner) };
  },
});

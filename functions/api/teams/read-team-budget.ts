import { z } from 'zod';
import { budgetView, budgetViewSchema } from '../../../core/billing/billing-view.ts';
import { getTeam } from '../../../core/teams/team-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

export const readTeamBudget = defineOperation({
  id: 'readTeamBudget',
  method: 'GET',
  path: '/v1/teams/{teamId}/budget',
  summary: 'A team’s budget, and what of it is spent',
  access: { kind: 'permission', permission: 'billing:read', inTeam: true },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: budgetViewSchema,
  status: 200,
  errors: ['team.not_found', 'budget.not_found'],
  async handle(ports, { params, context }) {
    const { tenantId, teamId } = (await getTeam(ports.table, reachOf(context), params.teamId)).team;
    return { body: await budgetView(ports, { tenantId, teamId }) };
  },
});

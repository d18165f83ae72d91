import { z } from 'zod';
import { removeBudget as remove } from '../../../core/billing/set-budget.ts';
import { getTeam } from '../../../core/teams/team-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { budgetRemovalSchema } from '../billing/remove-budget.ts';
import { teamParamsSchema } from './team-params.ts';

export const removeTeamBudget = defineOperation({
  id: 'removeTeamBudget',
  method: 'DELETE',
  path: '/v1/teams/{teamId}/budget',
  summary: 'Take a team’s budget away',
  access: { kind: 'permission', permission: 'billing:write' },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: budgetRemovalSchema,
  status: 200,
  errors: ['team.not_found', 'budget.not_found'],
  async handle(ports, { params, context }) {
    const principal = principalOf(context);
    const { tenantId, teamId } = (await getTeam(ports.table, reachOf(context), params.teamId)).team;
    await remove(ports, principal, { tenantId, teamId });
    return { body: { removed: true as const } };
  },
});

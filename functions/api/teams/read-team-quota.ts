import { z } from 'zod';
import { quotasViewSchema, teamQuotas } from '../../../core/quota/quota-view.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

export const readTeamQuota = defineOperation({
  id: 'readTeamQuota',
  method: 'GET',
  path: '/v1/teams/{teamId}/quota',
  summary: 'A team’s quotas: what there may be, what is used, when that frees',
  access: { kind: 'permission', permission: 'quota:read', inTeam: true },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: quotasViewSchema,
  status: 200,
  errors: ['team.not_found'],
  async handle(ports, { params, context }) {
    return { body: await teamQuotas(ports, reachOf(context), params.teamId) };
  },
});

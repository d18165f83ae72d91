import { z } from 'zod';
import { getTeam } from '../../../core/teams/team-repository.ts';
import { teamView, teamViewSchema } from '../../../core/teams/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

export const readTeam = defineOperation({
  id: 'readTeam',
  method: 'GET',
  path: '/v1/teams/{teamId}',
  summary: 'A team of the tenant',
  access: { kind: 'permission', permission: 'teams:read', inTeam: true },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: teamViewSchema,
  status: 200,
  errors: ['team.not_found'],
  async handle({ table }, { params, context }) {
    return { body: teamView(await getTeam(table, reachOf(context), params.teamId)) };
  },
});

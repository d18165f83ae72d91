import { z } from 'zod';
import { readTeamShare as read, teamShareSchema } from '../../../core/queue/team-share.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

export const readTeamShare = defineOperation({
  id: 'readTeamShare',
  method: 'GET',
  path: '/v1/teams/{teamId}/share',
  summary: 'A team’s share of what its tenant builds at once',
  access: { kind: 'permission', permission: 'teams:read', inTeam: true },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: teamShareSchema,
  status: 200,
  errors: ['team.not_found'],
  async handle({ table }, { params, context }) {
    return { body: await read(table, reachOf(context), params.teamId) };
  },
});

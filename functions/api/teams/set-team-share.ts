import { z } from 'zod';
import { weightSchema } from '../../../core/queue/share-repository.ts';
import { setTeamShare as set, teamShareSchema } from '../../../core/queue/team-share.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

/** Nobody sets it by a role inside the team alone: a team does not weigh itself. */
export const setTeamShare = defineOperation({
  id: 'setTeamShare',
  method: 'PUT',
  path: '/v1/teams/{teamId}/share',
  summary: 'Give a team a weight among the teams of its tenant',
  access: { kind: 'permission', permission: 'teams:write' },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: z.strictObject({ weight: weightSchema }),
  response: teamShareSchema,
  status: 200,
  errors: ['team.not_found'],
  async handle(ports, { params, body, context }) {
    const place = { reach: reachOf(context), teamId: params.teamId };
    return { body: await set(ports, principalOf(context), place, body.weight) };
  },
});

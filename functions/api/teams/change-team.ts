import { z } from 'zod';
import { teamDescriptionSchema, teamNameSchema } from '../../../core/teams/team-record.ts';
import { changeTeam as change } from '../../../core/teams/team-repository.ts';
import { teamView, teamViewSchema } from '../../../core/teams/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

export const changeTeam = defineOperation({
  id: 'changeTeam',
  method: 'PATCH',
  path: '/v1/teams/{teamId}',
  summary: 'Change how a team is called or described',
  access: { kind: 'permission', permission: 'teams:write', inTeam: true },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: z.strictObject({
    name: teamNameSchema.exactOptional(),
    description: teamDescriptionSchema.exactOptional(),
  }),
  response: teamViewSchema,
  status: 200,
  errors: ['team.not_found'],
  async handle(ports, { params, body, context }) {
    const place = { reach: reachOf(context), teamId: params.teamId };
    return { body: teamView(await change(ports, principalOf(context), place, body)) };
  },
});

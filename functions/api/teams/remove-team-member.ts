import { z } from 'zod';
import { removeTeamMember as remove } from '../../../core/teams/team-members.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { teamMemberParamsSchema } from './team-params.ts';

export const removeTeamMember = defineOperation({
  id: 'removeTeamMember',
  method: 'DELETE',
  path: '/v1/teams/{teamId}/members/{memberId}',
  summary: 'Take a member out of a team; they stay in the tenant',
  access: { kind: 'permission', permission: 'teams:write', inTeam: true },
  params: teamMemberParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'TeamMemberRemoval' }),
  status: 200,
  errors: ['team.not_found', 'member.not_found', 'team.not_a_member', 'access.not_held'],
  async handle(ports, { params, context }) {
    await remove(ports, principalOf(context), { reach: reachOf(context), ...params });
    return { body: { removed: true as const } };
  },
});

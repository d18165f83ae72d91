import { z } from 'zod';
import { setTeamMember as set } from '../../../core/teams/team-members.ts';
import { teamRolesSchema } from '../../../core/teams/team-record.ts';
import { teamMemberView, teamMemberViewSchema } from '../../../core/teams/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { teamMemberParamsSchema } from './team-params.ts';

export const setTeamMember = defineOperation({
  id: 'setTeamMember',
  method: 'PUT',
  path: '/v1/teams/{teamId}/members/{memberId}',
  summary: 'Take a member of the tenant into a team, or change what they are there',
  access: { kind: 'permission', permission: 'teams:write', inTeam: true },
  params: teamMemberParamsSchema,
  query: z.strictObject({}),
  body: z.strictObject({ roles: teamRolesSchema }),
  response: teamMemberViewSchema,
  status: 200,
  otherStatus: 201,
  errors: [
    'team.not_found',
    'member.not_found',
    'role.not_found',
    'access.not_held',
    'team.full',
    'team.too_many_of_member',
  ],
  async handle(ports, { params, body, context }) {
    const place = { reach: reachOf(context), ...params };
    const { created, ...member } = await set(ports, principalOf(context), place, body.roles);
    return { status: created ? 201 : 200, body: teamMemberView(member) };
  },
});

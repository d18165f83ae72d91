import { z } from 'zod';
import { listTeamMembers as list } from '../../../core/teams/team-members.ts';
import { teamMemberView, teamMemberViewSchema } from '../../../core/teams/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

export const listTeamMembers = defineOperation({
  id: 'listTeamMembers',
  method: 'GET',
  path: '/v1/teams/{teamId}/members',
  summary: 'Who is in a team, and what they are there',
  access: { kind: 'permission', permission: 'teams:read', inTeam: true },
  params: teamParamsSchema,
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z
    .strictObject({ members: z.array(teamMemberViewSchema), cursor: nextCursor })
    .meta({ id: 'TeamMemberList' }),
  status: 200,
  errors: ['team.not_found', 'cursor.invalid'],
  async handle({ table, installation }, { params, query, context }) {
    const reach = reachOf(context);
    const { teamId } = params;
    const scope = ['listTeamMembers', reach.tenantId, teamId];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      list(table, reach, teamId, at),
    );
    return { body: { members: page.members.map(teamMemberView), ...next } };
  },
});

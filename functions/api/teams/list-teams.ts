import { z } from 'zod';
import { listTeams as list } from '../../../core/teams/team-repository.ts';
import { teamView, teamViewSchema } from '../../../core/teams/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { reachOf } from '../../shared/principal-of.ts';

export const listTeams = defineOperation({
  id: 'listTeams',
  method: 'GET',
  path: '/v1/teams',
  summary: 'The teams that the caller may read, the oldest first',
  access: { kind: 'permission', permission: 'teams:read', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z.strictObject({ teams: z.array(teamViewSchema), cursor: nextCursor }).meta({ id: 'TeamList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation }, { query, context }) {
    const reach = reachOf(context);
    const scope = ['listTeams', reach.tenantId, reach.teams === 'all' ? 'tenant' : 'teams'];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) => list(table, reach, at));
    return { body: { teams: page.teams.map(teamView), ...next } };
  },
});

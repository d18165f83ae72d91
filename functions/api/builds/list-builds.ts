import { z } from 'zod';
import { isOverTeams, listBuildsWithin } from '../../../core/builds/build-lists.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildView, buildViewSchema } from '../../../core/builds/build-view.ts';
import { buildStates } from '../../../core/builds/lifecycle.ts';
import { teamIdSchema } from '../../../core/teams/team-record.ts';
import { openCursor, sealCursor } from '../../shared/cursor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { wholeNumberOr } from '../../shared/whole-number.ts';

/** Pages that one call reads at most while it looks for builds in the state asked for; the cursor goes on from there. */
const maxPages = 10;

export const listBuilds = defineOperation({
  id: 'listBuilds',
  method: 'GET',
  path: '/v1/builds',
  summary: 'The builds that the caller may read, newest first',
  access: { kind: 'permission', permission: 'builds:read', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({
    limit: wholeNumberOr(20, 1, 100).describe('Builds a page.'),
    state: z.enum(buildStates).optional().describe('Only builds in this state.'),
    team: teamIdSchema.optional().describe('Only builds of this team.'),
    cursor: z.string().max(4_096).optional().describe('As the page before gave it, with the same query.'),
  }),
  body: undefined,
  response: z
    .strictObject({
      builds: z.array(buildViewSchema),
      cursor: z.string().exactOptional().describe('There where more builds may follow, even if this page is short.'),
    })
    .meta({ id: 'BuildList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(ports, { query, context }) {
    const reach = reachOf(context);
    const secret = ports.installation.cursorSecret;
    const { state, team } = query;
    const over = isOverTeams(reach, team) ? 'teams' : 'tenant';
    const scope = ['listBuilds', reach.tenantId, state ?? '', team ?? '', over];
    let cursor = query.cursor === undefined ? undefined : openCursor(secret, scope, query.cursor);
    const builds: BuildRecord[] = [];
    for (let page = 0; page < maxPages; page += 1) {
      const found = await listBuildsWithin(ports.table, reach, {
        teamId: team,
        limit: query.limit - builds.length,
        ...(cursor === undefined ? {} : { cursor }),
      });
      builds.push(...found.builds.filter((build) => state === undefined || build.state === state));
      cursor = found.cursor;
      if (cursor === undefined || builds.length >= query.limit) break;
    }
    return {
      body: {
        builds: builds.map((build) => buildView(build)),
        ...(cursor === undefined ? {} : { cursor: sealCursor(secret, scope, cursor) }),
      },
    };
  },
});

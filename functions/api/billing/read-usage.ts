import { z } from 'zod';
import { csvOf } from '../../../core/billing/csv.ts';
import { usageKinds } from '../../../core/billing/kinds.ts';
import { readRateCard } from '../../../core/billing/rate-repository.ts';
import { usageGroupings, usageRowSchema, usageRows } from '../../../core/billing/usage-view.ts';
import { teamIdSchema } from '../../../core/teams/team-record.ts';
import { formatQuery } from '../../shared/csv-answer.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { reachOf } from '../../shared/principal-of.ts';
import { spanOf, spanQuery } from './span-query.ts';

/** Sums of days: what the tenant pays, and not what the service carries. */
export const readUsage = defineOperation({
  id: 'readUsage',
  method: 'GET',
  path: '/v1/usage',
  summary: 'What was used, by kind, day, team or build',
  access: { kind: 'permission', permission: 'usage:read', inTeam: true },
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    ...spanQuery,
    ...formatQuery,
    by: z
      .enum(usageGroupings)
      .default('kind')
      .describe('Of builds those that were submitted in the span, newest first; `limit` is then of builds.'),
    kind: z.enum(usageKinds).optional().describe('Only of this kind.'),
    team: teamIdSchema.optional().describe('Only of this team.'),
  }),
  body: undefined,
  response: z
    .strictObject({ from: z.string(), to: z.string(), rows: z.array(usageRowSchema), cursor: nextCursor })
    .meta({ id: 'Usage' }),
  csv: ({ rows }) =>
    csvOf(['day', 'teamId', 'buildId', 'kind', 'quantity', 'unit', 'shown', 'shownUnit', 'microDollars'], rows),
  status: 200,
  errors: ['cursor.invalid', 'team.not_found'],
  async handle(ports, { query, context }) {
    const reach = reachOf(context);
    const span = await spanOf(ports, reach.tenantId, query);
    const { by, kind, team } = query;
    const card = await readRateCard(ports.table);
    const teams = reach.teams === 'all' ? 'all' : [...reach.teams].sort().join(' ');
    const scope = ['readUsage', reach.tenantId, teams, span.from, span.to, by, kind ?? '', team ?? ''];
    const { page, next } = await readPage(ports.installation.cursorSecret, scope, query, (asked) =>
      usageRows(ports.table, reach, { ...span, by, kind, team }, card, asked),
    );
    return { body: { ...span, rows: [...page.rows], ...next } };
  },
});

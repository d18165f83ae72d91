import { z } from 'zod';
import {
  daysBetween,
  figuresSchema,
  groupings,
  mostDays,
  readAnalytics,
} from '../../../core/analytics/read-analytics.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

/** Days of the span where the question names none: four weeks and two days, about a month. */
const usualDays = 30;

export const readBuildAnalytics = defineOperation({
  id: 'readBuildAnalytics',
  method: 'GET',
  path: '/v1/analytics/builds',
  summary: 'What the builds that ended in a span of days come to: outcomes, durations, cache, cost, failures',
  access: { kind: 'permission', permission: 'analytics:read' },
  params: z.strictObject({}),
  query: z.strictObject({
    from: z.iso
      .date()
      .optional()
      .describe(`First day, UTC; ${usualDays - 1} days before \`to\` where it is left out.`),
    to: z.iso.date().optional().describe('Last day, UTC; today where it is left out.'),
    groupBy: z.enum(groupings).default('day').describe(`By what groups are made. At most ${mostDays} days.`),
  }),
  body: undefined,
  response: z
    .strictObject({
      from: z.iso.date(),
      to: z.iso.date(),
      groupBy: z.enum(groupings),
      all: figuresSchema,
      groups: z
        .array(z.strictObject({ group: z.string(), figures: figuresSchema }))
        .describe('Groups in which a build has ended: days, ids of templates or teams, or distribution/release.'),
    })
    .meta({ id: 'BuildAnalytics' }),
  status: 200,
  errors: [],
  async handle(ports, { query, context }) {
    const { tenantId } = principalOf(context);
    const to = query.to ?? ports.clock.now().toISOString().slice(0, 10);
    const from = query.from ?? new Date(Date.parse(to) - (usualDays - 1) * 86_400_000).toISOString().slice(0, 10);
    const { groupBy } = query;
    const { all, groups } = await readAnalytics(ports.table, tenantId, { days: daysBetween(from, to), groupBy });
    return { body: { from, to, groupBy, all, groups: [...groups] } };
  },
});

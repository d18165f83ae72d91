import { z } from 'zod';
import { recordViews, usageRecordViewSchema } from '../../../core/billing/build-cost.ts';
import { csvOf } from '../../../core/billing/csv.ts';
import { daySchema } from '../../../core/billing/days.ts';
import { listUsageOfDay } from '../../../core/billing/usage-record.ts';
import { formatQuery } from '../../shared/csv-answer.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';

/** What the sums are of: for whoever checks an invoice. */
export const listUsageRecords = defineOperation({
  id: 'listUsageRecords',
  method: 'GET',
  path: '/v1/usage/records',
  summary: 'The records of what was used on a day, each as it was written',
  access: { kind: 'permission', permission: 'usage:read' },
  params: z.strictObject({}),
  query: z.strictObject({ ...pageQuery, ...formatQuery, day: daySchema.describe('The UTC day.') }),
  body: undefined,
  response: z
    .strictObject({ records: z.array(usageRecordViewSchema), cursor: nextCursor })
    .meta({ id: 'UsageRecordList' }),
  csv: ({ records }) =>
    csvOf(
      [
        ...(['day', 'kind', 'quantity', 'unit', 'payer', 'teamId', 'buildId', 'stage', 'attempt', 'ending'] as const),
        ...(['from', 'to', 'recordedAt'] as const),
      ],
      records,
    ),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(ports, { query, context }) {
    const { tenantId } = principalOf(context);
    const { page, next } = await readPage(
      ports.installation.cursorSecret,
      ['listUsageRecords', tenantId, query.day],
      query,
      (asked) => listUsageOfDay(ports.table, tenantId, query.day, asked),
    );
    return { body: { records: page.records.flatMap(recordViews), ...next } };
  },
});

import { z } from 'zod';
import { listCosts as list, tenantCostSchema } from '../../../core/billing/billing-view.ts';
import { csvOf } from '../../../core/billing/csv.ts';
import { needSpan } from '../../../core/billing/usage-view.ts';
import { formatQuery } from '../../shared/csv-answer.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { spanOf, spanQuery } from './span-query.ts';

/** For the operator: what each tenant pays beside what AWS asks for what it used, service's own cost included. */
export const listCosts = defineOperation({
  id: 'listCosts',
  method: 'GET',
  path: '/v1/billing/costs',
  summary: 'What each tenant is billed, and what AWS asks for that by its list prices',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: z.strictObject({}),
  query: z.strictObject({ ...pageQuery, ...spanQuery, ...formatQuery }),
  body: undefined,
  response: z
    .strictObject({ from: z.string(), to: z.string(), costs: z.array(tenantCostSchema), cursor: nextCursor })
    .meta({ id: 'CostList' }),
  csv: ({ costs }) =>
    csvOf(
      ['tenantId', 'name', 'billedMicroDollars', 'awsMicroDollars'],
      costs.map(({ aws, ...cost }) => ({ ...cost, awsMicroDollars: aws.microDollars })),
    ),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(ports, { query, context }) {
    const span = await spanOf(ports, principalOf(context).tenantId, query);
    needSpan(span);
    const { page, next } = await readPage(
      ports.installation.cursorSecret,
      ['listCosts', span.from, span.to],
      query,
      (asked) => list(ports.table, span, asked),
    );
    return { body: { ...span, costs: [...page.costs], ...next } };
  },
});

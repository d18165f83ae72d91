import { z } from 'zod';
import { invoiceSummarySchema, listInvoices as list, summaryOf } from '../../../core/billing/billing-view.ts';
import { csvOf } from '../../../core/billing/csv.ts';
import { formatQuery } from '../../shared/csv-answer.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listInvoices = defineOperation({
  id: 'listInvoices',
  method: 'GET',
  path: '/v1/billing/invoices',
  summary: 'The tenant’s closed invoices, newest first',
  access: { kind: 'permission', permission: 'billing:read' },
  params: z.strictObject({}),
  query: z.strictObject({ ...pageQuery, ...formatQuery }),
  body: undefined,
  response: z.strictObject({ invoices: z.array(invoiceSummarySchema), cursor: nextCursor }).meta({ id: 'InvoiceList' }),
  csv: ({ invoices }) => csvOf(['id', 'from', 'to', 'state', 'closedAt', 'currency', 'microDollars'], invoices),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(ports, { query, context }) {
    const { tenantId } = principalOf(context);
    const { page, next } = await readPage(ports.installation.cursorSecret, ['listInvoices', tenantId], query, (asked) =>
      list(ports.table, tenantId, asked),
    );
    return { body: { invoices: page.invoices.map(summaryOf), ...next } };
  },
});

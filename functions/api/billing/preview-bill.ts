import { z } from 'zod';
import { previewInvoice } from '../../../core/billing/billing-view.ts';
import { invoiceSchema } from '../../../core/billing/invoice.ts';
import { invoiceCsv } from '../../../core/billing/invoice-csv.ts';
import { formatQuery } from '../../shared/csv-answer.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const previewBill = defineOperation({
  id: 'previewBill',
  method: 'GET',
  path: '/v1/billing/preview',
  summary: 'What the month that runs comes to so far',
  access: { kind: 'permission', permission: 'billing:read' },
  params: z.strictObject({}),
  query: z.strictObject(formatQuery),
  body: undefined,
  response: invoiceSchema,
  csv: invoiceCsv,
  status: 200,
  errors: [],
  async handle(ports, { context }) {
    return { body: await previewInvoice(ports, principalOf(context).tenantId) };
  },
});

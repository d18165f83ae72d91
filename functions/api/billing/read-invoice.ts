import { z } from 'zod';
import { findInvoice } from '../../../core/billing/billing-view.ts';
import { invoiceSchema } from '../../../core/billing/invoice.ts';
import { invoiceCsv } from '../../../core/billing/invoice-csv.ts';
import { formatQuery } from '../../shared/csv-answer.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readInvoice = defineOperation({
  id: 'readInvoice',
  method: 'GET',
  path: '/v1/billing/invoices/{month}',
  summary: 'The invoice of a month; of one that is not closed, as it would be now',
  access: { kind: 'permission', permission: 'billing:read' },
  params: z.strictObject({
    month: z
      .string()
      .regex(/^\d{4}-\d{2}(-\d{2})?$/, 'must be such as 2026-11 or 2026-11-15')
      .describe('The calendar month in which it begins, or its first day, which is the invoice’s id.'),
  }),
  query: z.strictObject(formatQuery),
  body: undefined,
  response: invoiceSchema,
  csv: invoiceCsv,
  status: 200,
  errors: ['invoice.not_found'],
  async handle(ports, { params, context }) {
    return { body: await findInvoice(ports, principalOf(context).tenantId, params.month) };
  },
});

import type { Operation } from '../../shared/operation.ts';
import { listCosts } from './list-costs.ts';
import { listInvoices } from './list-invoices.ts';
import { listUsageRecords } from './list-usage-records.ts';
import { previewBill } from './preview-bill.ts';
import { readBudget } from './read-budget.ts';
import { readInvoice } from './read-invoice.ts';
import { readRates } from './read-rates.ts';
import { readUsage } from './read-usage.ts';
import { removeBudget } from './remove-budget.ts';
import { removeRates } from './remove-rates.ts';
import { setBudget } from './set-budget.ts';
import { setRates } from './set-rates.ts';

export const billingOperations: readonly Operation[] = [
  readUsage,
  listUsageRecords,
  previewBill,
  listInvoices,
  readInvoice,
  readBudget,
  setBudget,
  removeBudget,
  readRates,
  setRates,
  removeRates,
  listCosts,
];

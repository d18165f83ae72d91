import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findInvoice } from '../../../core/billing/billing-view.ts';
import { closeInvoices } from '../../../core/billing/close-invoices.ts';
import { type BillingWorld, openBillingWorld, tableWith } from './billing-world.ts';

let world: BillingWorld;
beforeEach(async () => {
  world = await openBillingWorld();
  world.now = Date.parse('2026-11-06T12:00:00Z');
});
afterEach(() => world.close());

/** The month is closed after so many of the reads of who looks. */
async function lookWhileItCloses(after: number): Promise<string> {
  let reads = 0;
  const counted = async <T>(read: () => Promise<T>): Promise<T> => {
    if (reads === after) await closeInvoices(world, world.tenantId);
    reads += 1;
    return read();
  };
  const table = tableWith(world.table, {
    get: (key) => counted(() => world.table.get(key)),
    query: (query) => counted(() => world.table.query(query)),
  });
  return (await findInvoice({ ...world, table }, world.tenantId, '2026-10')).id;
}

describe('an invoice', () => {
  it.each([0, 1, 2, 3, 4, 5, 6])('is found while its month is closed, after %i reads', async (after) => {
    expect(await lookWhileItCloses(after)).toBe('2026-10-05');
  });
});

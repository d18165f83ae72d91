import { auditWrite } from '../audit/entry.ts';
import { outboxWrite } from '../events/outbox.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { draftInvoice, type Invoice, isDue } from './invoice.ts';
import { openPeriods, readCalendar } from './periods.ts';
import { billingHeadPlace, invoicePlace } from './places.ts';
import { readRateCard } from './rate-repository.ts';

interface ClosePorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Invoices that one call closes of a tenant: three years, of who was made long before. */
const mostAtOnce = 36;

/**
 * Stores the invoices of a tenant's months that are over, each once and for good, the oldest first. Invoice, and that
 * its month is billed, are one transaction under the version of what was billed before: of two that close, one does.
 * @returns how many it closed
 */
export async function closeInvoices(ports: ClosePorts, tenantId: string): Promise<number> {
  let closed = 0;
  while (closed < mostAtOnce && (await closeNext(ports, tenantId))) closed += 1;
  return closed;
}

async function closeNext(ports: ClosePorts, tenantId: string): Promise<boolean> {
  const { table, clock } = ports;
  const calendar = await readCalendar(table, tenantId);
  const [period] = openPeriods(calendar, clock.now());
  if (!isDue(period, clock.now())) return false;
  const draft = await draftInvoice(table, tenantId, period, await readRateCard(table));
  const invoice: Invoice = { ...draft, state: 'closed', closedAt: clock.now().toISOString() };
  const { version } = calendar;
  const head = { ...calendar.head, next: period.to };
  const facts = { invoiceId: invoice.id, from: invoice.from, to: invoice.to, microDollars: invoice.microDollars };
  try {
    await table.transact([
      {
        ...{ kind: 'put', key: invoicePlace(tenantId, invoice.id), data: toJsonObject(invoice) },
        condition: { kind: 'absent' },
      },
      {
        ...{ kind: 'put', key: billingHeadPlace(tenantId), data: toJsonObject(head) },
        condition: version === 0 ? { kind: 'absent' } : { kind: 'version', version },
      },
      outboxWrite(ports, 'invoice.closed', tenantId, facts),
      auditWrite(ports, { tenantId }, { action: 'invoice.closed', target: invoice.id, detail: facts }),
    ]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}

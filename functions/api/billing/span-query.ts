import { daySchema } from '../../../core/billing/days.ts';
import { currentPeriod } from '../../../core/billing/periods.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/** Members of a query that name a span of days. */
export const spanQuery = {
  from: daySchema.optional().describe('First day, UTC; absent: that of the month that runs.'),
  to: daySchema.optional().describe('The first day that is not meant; absent: that of the next month.'),
};

/** The span that a query names; where it names none, the billing month of the tenant that runs. */
export async function spanOf(
  ports: Pick<Ports, 'table' | 'clock'>,
  tenantId: string,
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
): Promise<{ readonly from: string; readonly to: string }> {
  if (from !== undefined && to !== undefined) return { from, to };
  const period = await currentPeriod(ports.table, tenantId, ports.clock.now());
  return { from: from ?? period.from, to: to ?? period.to };
}

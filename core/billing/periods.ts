import { z } from 'zod';
import type { Table } from '../ports/table.ts';
import { readSetting } from '../quota/owner-quotas.ts';
import { monthOf } from '../quota/periods.ts';
import { tenantPlace, tenantRecordSchema } from '../tenancy/tenant.ts';
import { dayAt, daySchema, startOf } from './days.ts';
import { billingHeadPlace } from './places.ts';

/** A month of a tenant's billing: days from `from` until before `to`. Its id is its first day. */
export interface BillingPeriod {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

const headSchema = z.strictObject({
  /** First day that no invoice is of. */
  next: daySchema,
  /** The last day whose stored bytes were sampled. */
  sampled: daySchema.exactOptional(),
});
export type BillingHead = z.infer<typeof headSchema>;

/** How a tenant's months lie, and how far they are billed. */
export interface BillingCalendar {
  /** Day of the month on which one begins: that of its quotas. */
  readonly anchorDay: number;
  readonly head: BillingHead;
  /** Of the stored head; 0 where there is none yet. */
  readonly version: number;
}

/** The calendar of a tenant; before its first invoice it begins with the month in which the tenant was made. */
export async function readCalendar(table: Table, tenantId: string): Promise<BillingCalendar> {
  const [tenant, setting, head] = await Promise.all([
    table.get(tenantPlace(tenantId)),
    readSetting(table, tenantId),
    table.get(billingHeadPlace(tenantId)),
  ]);
  const made = tenant === undefined ? new Date(0) : new Date(tenantRecordSchema.parse(tenant.data).createdAt);
  const anchorDay = setting?.setting.anchorDay ?? made.getUTCDate();
  if (head !== undefined) return { anchorDay, head: headSchema.parse(head.data), version: head.version };
  return { anchorDay, head: { next: monthOf(made, anchorDay).id }, version: 0 };
}

/** The month that begins on a day: until the next anchor. After a change of the anchor one is shorter. */
export function periodFrom(from: string, anchorDay: number): BillingPeriod {
  const { end } = monthOf(new Date(startOf(from)), anchorDay);
  if (end === undefined) throw new Error('a month ends');
  return { id: from, from, to: dayAt(end) };
}

/** The months that no invoice is of, up to the one that runs. */
export function openPeriods(
  { anchorDay, head }: BillingCalendar,
  now: Date,
): readonly [BillingPeriod, ...BillingPeriod[]] {
  let period = periodFrom(head.next, anchorDay);
  const periods: [BillingPeriod, ...BillingPeriod[]] = [period];
  while (startOf(period.to) <= now.getTime()) {
    period = periodFrom(period.to, anchorDay);
    periods.push(period);
  }
  return periods;
}

/** The month that runs. */
export async function currentPeriod(table: Table, tenantId: string, now: Date): Promise<BillingPeriod> {
  const periods = openPeriods(await readCalendar(table, tenantId), now);
  return periods.at(-1) ?? periods[0];
}

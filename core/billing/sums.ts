import type { Table, TableRecord } from '../ports/table.ts';
import { tableLimits } from '../ports/table-limits.ts';
import { type Payer, payers, type UsageKind, usageKinds } from './kinds.ts';
import { sumOfKey, sumsPartition } from './places.ts';
import { quantityCounter } from './usage-record.ts';

/** How much of a kind was used on a day, by a team or by none. */
export interface DaySum {
  readonly day: string;
  readonly payer: Payer;
  readonly kind: UsageKind;
  readonly teamId?: string;
  readonly quantity: number;
}

/**
 * The sums of a tenant's days, strongly consistent and in the order of the days: a day has some forty for each team.
 * One sum may come in parts. Memory is that of a page, however many there are.
 * @param span days from `from` until before `to`
 */
export async function* daySums(
  table: Table,
  tenantId: string,
  span: { readonly from: string; readonly to: string },
): AsyncGenerator<DaySum> {
  const partition = sumsPartition(tenantId);
  for (const sortPrefix of monthsOf(span)) {
    let cursor: string | undefined;
    do {
      const query = { partition, sortPrefix, limit: tableLimits.pageRecords };
      const page = await table.query(cursor === undefined ? query : { ...query, cursor });
      for (const record of page.records) {
        const sum = readSum(record);
        if (sum !== undefined && sum.day >= span.from && sum.day < span.to) yield sum;
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}

function readSum({ key, counters }: TableRecord): DaySum | undefined {
  const of = sumOfKey(key);
  const quantity = counters[quantityCounter] ?? 0;
  const kind = usageKinds.find((one) => one === of?.kind);
  const payer = payers.find((one) => one === of?.payer);
  if (of === undefined || kind === undefined || payer === undefined || quantity === 0) return undefined;
  return { ...of, kind, payer, quantity };
}

/** The calendar months that have days of a span, `2026-11-`: begins of days. */
function* monthsOf({ from, to }: { readonly from: string; readonly to: string }): Generator<string> {
  for (let month = from.slice(0, 7); month <= to.slice(0, 7); month = nextMonth(month)) yield `${month}-`;
}

const nextMonth = (month: string): string =>
  new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 1)).toISOString().slice(0, 7);

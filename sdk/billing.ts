import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  Budget,
  BuildCost,
  Invoice,
  InvoiceSummary,
  ListCostsData,
  RateCard,
  ReadUsageData,
  SetBudgetData,
  SetRatesData,
  TenantCost,
  UsageRecord,
  UsageRow,
} from './generated/types.gen.ts';

/** What a question about usage names; without a span it is about the month that runs. */
export type UsageFilter = Omit<NonNullable<ReadUsageData['query']>, 'limit' | 'cursor' | 'format'>;

const pageSize = 100;

/** Reads a list to its end, or to that many entries. */
async function all<T>(
  read: (cursor: {
    cursor?: string;
  }) => Promise<{ readonly entries: readonly T[]; readonly cursor?: string | undefined }>,
  most: number,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor === undefined ? {} : { cursor });
    found.push(...page.entries);
    cursor = page.cursor;
  } while (cursor !== undefined && found.length < most);
  return found.slice(0, most);
}

/** The calls of a client that are about usage and billing. Amounts are integers of millionths of a US dollar. */
export function billingCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** What was used, by kind unless told otherwise. At most that many rows. */
  const readUsage = (filter: UsageFilter = {}, most = 10_000): Promise<readonly UsageRow[]> =>
    all(async (cursor) => {
      const { data } = await operations.readUsage({ ...shared, query: { ...filter, limit: pageSize, ...cursor } });
      return { entries: data.rows, cursor: data.cursor };
    }, most);

  /** The records of a UTC day, `2026-11-26`, that the sums are of. */
  const listUsageRecords = (day: string, most = 10_000): Promise<readonly UsageRecord[]> =>
    all(async (cursor) => {
      const { data } = await operations.listUsageRecords({ ...shared, query: { day, limit: pageSize, ...cursor } });
      return { entries: data.records, cursor: data.cursor };
    }, most);

  /** What the builders of a build cost. */
  const readBuildCost = async (id: string): Promise<BuildCost> =>
    (await operations.readBuildCost({ ...shared, path: { id } })).data;

  /** What the month that runs comes to so far. */
  const previewBill = async (): Promise<Invoice> => (await operations.previewBill(shared)).data;

  /** Closed invoices, newest first. */
  const listInvoices = (most = 1_000): Promise<readonly InvoiceSummary[]> =>
    all(async (cursor) => {
      const { data } = await operations.listInvoices({ ...shared, query: { limit: pageSize, ...cursor } });
      return { entries: data.invoices, cursor: data.cursor };
    }, most);

  /** @param month the one in which it begins, `2026-11`, or its first day */
  const readInvoice = async (month: string): Promise<Invoice> =>
    (await operations.readInvoice({ ...shared, path: { month } })).data;

  /** The budget of the tenant, or of a team. */
  const readBudget = async (teamId?: string): Promise<Budget> =>
    teamId === undefined
      ? (await operations.readBudget(shared)).data
      : (await operations.readTeamBudget({ ...shared, path: { teamId } })).data;

  /** Sets all of a budget, of the tenant or of a team: what is left out is as it is without. */
  const setBudget = async (body: SetBudgetData['body'], teamId?: string): Promise<Budget> =>
    teamId === undefined
      ? (await operations.setBudget({ ...shared, body })).data
      : (await operations.setTeamBudget({ ...shared, path: { teamId }, body })).data;

  async function removeBudget(teamId?: string): Promise<void> {
    if (teamId === undefined) await operations.removeBudget(shared);
    else await operations.removeTeamBudget({ ...shared, path: { teamId } });
  }

  const readRates = async (): Promise<RateCard> => (await operations.readRates(shared)).data;

  /** Adds a version to the rate card, for the operator: it holds from that day on, `2027-01-01`. */
  const setRates = async (from: string, body: SetRatesData['body']): Promise<RateCard> =>
    (await operations.setRates({ ...shared, path: { from }, body })).data;

  const removeRates = async (from: string): Promise<RateCard> =>
    (await operations.removeRates({ ...shared, path: { from } })).data;

  /** For the operator: what each tenant is billed, and what AWS asks for that. */
  const listCosts = (
    span: Pick<NonNullable<ListCostsData['query']>, 'from' | 'to'> = {},
    most = 10_000,
  ): Promise<readonly TenantCost[]> =>
    all(async (cursor) => {
      const { data } = await operations.listCosts({ ...shared, query: { ...span, limit: pageSize, ...cursor } });
      return { entries: data.costs, cursor: data.cursor };
    }, most);

  return {
    ...{ readUsage, listUsageRecords, readBuildCost, previewBill, listInvoices, readInvoice },
    ...{ readBudget, setBudget, removeBudget, readRates, setRates, removeRates, listCosts },
  };
}

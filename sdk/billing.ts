import * as operations from './generated/sdk.gen.ts';
import type {
  Budget,
  Invoice,
  InvoiceSummary,
  ListCostsData,
  ListCostsResponse,
  ListInvoicesResponse,
  ListUsageRecordsResponse,
  RateCard,
  ReadUsageData,
  ReadUsageResponse,
  SetBudgetData,
  SetRatesData,
  TenantCost,
  UsageRecord,
  UsageRow,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, Transport } from './transport.ts';

/** What a question about usage names; without a span it is about the month that runs. */
export type UsageFilter = Omit<NonNullable<ReadUsageData['query']>, 'limit' | 'cursor' | 'format'>;

/** Usage and billing. Amounts are integers of millionths of a US dollar. @internal */
export function billingCalls(engine: Transport) {
  return {
    /** What was used, by kind unless told otherwise. */
    readUsage: (filter: UsageFilter & PageQuery = {}, options?: CallOptions): Listing<ReadUsageResponse, UsageRow> =>
      listing(
        filter,
        async (page) => (await operations.readUsage({ ...engine.of(options), query: { ...filter, ...page } })).data,
        ({ rows }) => rows,
      ),

    /** The records of a UTC day, `2026-11-26`, that the sums are of. */
    listUsageRecords: (
      day: string,
      query: PageQuery = {},
      options?: CallOptions,
    ): Listing<ListUsageRecordsResponse, UsageRecord> =>
      listing(
        query,
        async (page) => (await operations.listUsageRecords({ ...engine.of(options), query: { day, ...page } })).data,
        ({ records }) => records,
      ),

    /** What the month that runs comes to so far. */
    preview: async (options?: CallOptions): Promise<Invoice> => (await operations.previewBill(engine.of(options))).data,

    /** Closed invoices, newest first. */
    listInvoices: (query: PageQuery = {}, options?: CallOptions): Listing<ListInvoicesResponse, InvoiceSummary> =>
      listing(
        query,
        async (page) => (await operations.listInvoices({ ...engine.of(options), query: page })).data,
        ({ invoices }) => invoices,
      ),

    /** @param month the one in which it begins, `2026-11`, or its first day */
    readInvoice: async (month: string, options?: CallOptions): Promise<Invoice> =>
      (await operations.readInvoice({ ...engine.of(options), path: { month } })).data,

    /** The budget of the tenant, or of a team. */
    readBudget: async (teamId?: string, options?: CallOptions): Promise<Budget> =>
      teamId === undefined
        ? (await operations.readBudget(engine.of(options))).data
        : (await operations.readTeamBudget({ ...engine.of(options), path: { teamId } })).data,

    /** Sets all of a budget, of the tenant or of a team: what is left out is as it is without. */
    setBudget: async (body: SetBudgetData['body'], teamId?: string, options?: CallOptions): Promise<Budget> =>
      teamId === undefined
        ? (await operations.setBudget({ ...engine.of(options), body })).data
        : (await operations.setTeamBudget({ ...engine.of(options), path: { teamId }, body })).data,

    removeBudget: async (teamId?: string, options?: CallOptions): Promise<void> => {
      if (teamId === undefined) await operations.removeBudget(engine.of(options));
      else await operations.removeTeamBudget({ ...engine.of(options), path: { teamId } });
    },

    readRates: async (options?: CallOptions): Promise<RateCard> =>
      (await operations.readRates(engine.of(options))).data,

    /** Adds a version to the rate card, for the operator: it holds from that day on, `2027-01-01`. */
    setRates: async (from: string, body: SetRatesData['body'], options?: CallOptions): Promise<RateCard> =>
      (await operations.setRates({ ...engine.of(options), path: { from }, body })).data,

    removeRates: async (from: string, options?: CallOptions): Promise<RateCard> =>
      (await operations.removeRates({ ...engine.of(options), path: { from } })).data,

    /** For the operator: what each tenant is billed, and what AWS asks for that. */
    listCosts: (
      query: PageQuery & Pick<NonNullable<ListCostsData['query']>, 'from' | 'to'> = {},
      options?: CallOptions,
    ): Listing<ListCostsResponse, TenantCost> =>
      listing(
        query,
        async (page) => (await operations.listCosts({ ...engine.of(options), query: { ...query, ...page } })).data,
        ({ costs }) => costs,
      ),
  };
}

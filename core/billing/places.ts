import { shardCount, shardOf } from '../builds/keys.ts';
import { sha256 } from '../digest.ts';
import type { TableKey } from '../ports/table.ts';
import type { Payer, UsageKind } from './kinds.ts';

/** Begins of the partitions that a function may write which counts calls, and else only reads (core/wiring). */
export const usagePrefix = 'USAGE#';
export const usageSumPrefix = 'USAGESUM#';

/** What an attempt of a stage used on one day. Apart from its build: no removal of that takes it away. */
export const attemptUsagePlace = (buildId: string, stage: string, attempt: number, day: string): TableKey => ({
  partition: `${usagePrefix}${buildId}`,
  sort: `${stage}#${String(attempt).padStart(3, '0')}#${day}`,
});

const ofTenant = (tenantId: string, day: string, name: string): TableKey => ({
  partition: `${usagePrefix}${tenantId}#${day}`,
  sort: name,
});

/** A day's sample of what a tenant stores, for one of its teams or for none. */
export const storageUsagePlace = (tenantId: string, day: string, teamId: string | undefined): TableKey =>
  ofTenant(tenantId, day, `storage#${teamId ?? noTeam}`);

/** A download: the same file for the same key within an hour is one. `hour` is 0 to 23. */
export const egressUsagePlace = (
  tenantId: string,
  day: string,
  what: { readonly hour: number; readonly buildId: string; readonly name: string; readonly keyId: string },
): TableKey =>
  ofTenant(
    tenantId,
    day,
    `egress#${String(what.hour).padStart(2, '0')}#${what.buildId}#${what.keyId}#${sha256(what.name)}`,
  );

/** A batch of calls that a process counted. */
export const callsUsagePlace = (tenantId: string, day: string, batchId: string): TableKey =>
  ofTenant(tenantId, day, `calls#${batchId}`);

/** A decision on a request for approval, by the state of its ballot that it was given in: each makes another one. */
export const approvalUsagePlace = (
  tenantId: string,
  day: string,
  what: { readonly requestId: string; readonly ballot: number },
): TableKey => ofTenant(tenantId, day, `approval#${what.requestId}#${what.ballot}`);

/** Index byTenant: a tenant's records of usage by their days. */
export const tenantUsageIndex = (tenantId: string, day: string, key: TableKey): TableKey => ({
  partition: `USAGES#${tenantId}`,
  sort: `${day}#${key.partition}#${key.sort}`,
});

/** What stands where a sum is of no team. No team has this id. */
const noTeam = '-';

/** Kinds whose sums many add to at the same time are kept in four parts. */
const partsOf = (kind: UsageKind): number => (kind.startsWith('builder.') || kind === 'api.calls' ? shardCount / 2 : 1);

/** What a sum is of. */
export interface SumOf {
  readonly day: string;
  readonly payer: Payer;
  readonly kind: UsageKind;
  readonly teamId?: string | undefined;
}

/** All sums of a tenant, by day. */
export const sumsPartition = (tenantId: string): string => `${usageSumPrefix}${tenantId}`;

/** The sum that a record is counted in. @param of the record, whose place decides in which part */
export const sumPlace = (tenantId: string, { day, payer, kind, teamId }: SumOf, of: TableKey): TableKey => ({
  partition: sumsPartition(tenantId),
  sort: [day, payer, kind, teamId ?? noTeam, shardOf(`${of.partition} ${of.sort}`) % partsOf(kind)].join('#'),
});

/** What the sort key of a sum says that it is of; undefined where it is none. */
export function sumOfKey({
  sort,
}: TableKey): { day: string; payer: string; kind: string; teamId?: string } | undefined {
  const [day, payer, kind, team] = sort.split('#');
  if (day === undefined || payer === undefined || kind === undefined || team === undefined) return undefined;
  return { day, payer, kind, ...(team === noTeam ? {} : { teamId: team }) };
}

/** Where a tenant's billing has come to. */
export const billingHeadPlace = (tenantId: string): TableKey => ({ partition: `BILLING#${tenantId}`, sort: 'HEAD' });

/** A tenant's invoices by the first day of their periods. */
export const invoicePlace = (tenantId: string, periodId: string): TableKey => ({
  partition: `INVOICES#${tenantId}`,
  sort: periodId,
});

/** What an owner may spend (core/quota/places.ts says what an owner is), and what was told of it. */
export const budgetPlace = (owner: string): TableKey => ({ partition: `BUDGET#${owner}`, sort: 'BUDGET' });
export const budgetTellingPlace = (owner: string): TableKey => ({ partition: `BUDGET#${owner}`, sort: 'TOLD' });
/** Index byTenant: the budgets of a tenant and of its teams. */
export const tenantBudgetsIndex = (tenantId: string, owner: string): TableKey => ({
  partition: `BUDGETS#${tenantId}`,
  sort: owner,
});

/** The versions of the rate card, all in one record. */
export const rateCardPlace: TableKey = { partition: 'RATECARD', sort: 'RATECARD' };

/** How far the sweep over tenants has come. */
export const billingSweepPlace: TableKey = { partition: 'BILLINGSWEEP', sort: 'BILLINGSWEEP' };

import { z } from 'zod';
import { toJsonObject } from '../json.ts';
import type { TableRecord, TableWrite } from '../ports/table.ts';
import { countPlace, leasePlace, type Owner, openLeases } from './places.ts';
import { type LeasedQuota, leasedQuotas, type QuotaLimits } from './tiers.ts';

/** A part of a lease: so much of a quota, in the period that it was taken in. */
const shareSchema = z.strictObject({
  quota: z.enum(leasedQuotas),
  period: z.string(),
  amount: z.number().int().min(1),
});
export type Share = z.infer<typeof shareSchema>;

/**
 * What a build holds of its owner's quotas. A counter is the sum of what the leases say of it, since each change of a
 * lease changes the counters in the same transaction.
 */
export const leaseSchema = z.strictObject({
  buildId: z.string(),
  owner: z.string(),
  /** Of a tenant's own lease: the team that has one beside it. */
  teamId: z.string().exactOptional(),
  /** admitted: it was submitted; planned: what its plan needs is reserved; settled: what it came to is counted. */
  state: z.enum(['admitted', 'planned', 'settled']),
  at: z.iso.datetime(),
  /** The month in which its minutes count: that in which it was planned. */
  month: z.string().exactOptional(),
  shares: z.array(shareSchema),
});
export type Lease = z.infer<typeof leaseSchema>;

/** A lease with the version that a change of it needs. */
export interface StoredLease {
  readonly lease: Lease;
  readonly version: number;
}

export const readLease = (record: TableRecord): StoredLease => ({
  lease: leaseSchema.parse(record.data),
  version: record.version,
});

/** How much of each quota and period the shares come to: the key is the sort key of the counter. */
export function sumOf(shares: Iterable<Share>): Map<string, Share> {
  const sums = new Map<string, Share>();
  for (const share of shares) {
    const key = `${share.quota}#${share.period}`;
    sums.set(key, { ...share, amount: share.amount + (sums.get(key)?.amount ?? 0) });
  }
  return sums;
}

/**
 * The writes that make a lease another one, with the counters that follow, for one transaction. More is taken only where
 * the limit allows it; without limits what is so is counted as it is.
 */
export function leaseWrites(
  owner: Owner,
  before: StoredLease | undefined,
  after: Lease,
  limits: QuotaLimits = {},
): TableWrite[] {
  const { buildId } = after;
  const put: TableWrite = {
    kind: 'put',
    key: leasePlace(owner, buildId),
    data: toJsonObject(after),
    indexes: after.state === 'settled' ? {} : { byState: openLeases(owner, buildId) },
    condition: before === undefined ? { kind: 'absent' } : { kind: 'version', version: before.version },
  };
  const [was, is] = [sumOf(before?.lease.shares ?? []), sumOf(after.shares)];
  const changes = [...new Map([...was, ...is]).values()].flatMap(({ quota, period }): TableWrite[] => {
    const key = `${quota}#${period}`;
    const by = (is.get(key)?.amount ?? 0) - (was.get(key)?.amount ?? 0);
    if (by === 0) return [];
    const most: number | undefined = limits[quota];
    return [
      {
        ...{ kind: 'increment', key: countPlace(owner, quota, period), counter: usedCounter, by },
        ...(by > 0 && most !== undefined ? { max: most } : {}),
      },
    ];
  });
  return [put, ...changes];
}

/** Name of the counter in a counter's record. */
export const usedCounter = 'used';

/** A share of at least one; what is nothing is no share. */
export function share(quota: LeasedQuota, period: string, amount: number): Share[] {
  return amount < 1 ? [] : [{ quota, period, amount: Math.ceil(amount) }];
}

import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { dayAt } from './days.ts';
import { egressUsagePlace } from './places.ts';
import { someOf, usageWrites } from './usage-record.ts';

/** A download that somebody was given an address for. */
export interface Download {
  readonly build: { readonly id: string; readonly tenantId: string; readonly teamId?: string | undefined };
  readonly name: string;
  /** Bytes of the file; billed in whole KiB, begun ones among them. */
  readonly size: number;
  readonly keyId: string;
}

/**
 * Records a download before its address is given out: all of the file's bytes, since nobody tells how many of them are
 * fetched. Whoever asks for the same file with the same key again within the hour goes on with the same download.
 */
export async function recordDownload(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  { build, name, size, keyId }: Download,
): Promise<void> {
  const now = clock.now();
  const { tenantId, teamId } = build;
  const day = dayAt(now);
  const key = egressUsagePlace(tenantId, day, { hour: now.getUTCHours(), buildId: build.id, name, keyId });
  const writes = usageWrites(key, {
    ...{ tenantId, ...(teamId === undefined ? {} : { teamId }), payer: 'tenant', day, buildId: build.id },
    quantities: someOf({ 'egress.authorised': Math.ceil(size / 1_024) }),
    recordedAt: now.toISOString(),
  });
  try {
    if (writes.length > 0) await table.transact(writes);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

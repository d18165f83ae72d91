import { uploadUseKey } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { readLease } from '../quota/lease.ts';
import { leasePlace, leasePrefix } from '../quota/places.ts';
import { dayAt } from './days.ts';
import { readCalendar } from './periods.ts';
import { billingHeadPlace, storageUsagePlace } from './places.ts';
import { someOf, type UsageRecord, usageWrites } from './usage-record.ts';

const pageSize = 500;
const bytesPerUnit = 1_024;

/** What of a tenant's bytes a team stores, or what is of none. */
interface Stored {
  artifacts: number;
  uploads: number;
}

/**
 * Records what a tenant stores today, once a day: artifacts of builds that are over, as their leases count them
 * (core/quota), and uploads. The first run of a day decides; a day on which none ran is not billed.
 * @returns whether this call recorded it
 */
export async function sampleStorage(
  ports: { readonly table: Table; readonly clock: Clock },
  tenantId: string,
): Promise<boolean> {
  const { table, clock } = ports;
  const now = clock.now();
  const day = dayAt(now);
  const { head, version } = await readCalendar(table, tenantId);
  if (head.sampled !== undefined && head.sampled >= day) return false;
  for (const [teamId, { artifacts, uploads }] of await storedBytes(table, tenantId)) {
    const record: UsageRecord = {
      ...{ tenantId, ...(teamId === undefined ? {} : { teamId }), payer: 'tenant', day },
      quantities: someOf({
        'storage.artifacts': Math.ceil(artifacts / bytesPerUnit),
        'storage.uploads': Math.ceil(uploads / bytesPerUnit),
      }),
      recordedAt: now.toISOString(),
    };
    const writes = usageWrites(storageUsagePlace(tenantId, day, teamId), record);
    // Cut short or run by two at once, what is there for a team stands.
    if (writes.length > 0) await unlessThere(() => table.transact(writes));
  }
  return unlessThere(() =>
    table.transact([
      {
        ...{ kind: 'put', key: billingHeadPlace(tenantId), data: toJsonObject({ ...head, sampled: day }) },
        condition: version === 0 ? { kind: 'absent' } : { kind: 'version', version },
      },
    ]),
  );
}

async function storedBytes(table: Table, tenantId: string): Promise<Map<string | undefined, Stored>> {
  const stored = new Map<string | undefined, Stored>();
  const of = (teamId: string | undefined): Stored => {
    const found = stored.get(teamId) ?? { artifacts: 0, uploads: 0 };
    stored.set(teamId, found);
    return found;
  };
  const { partition } = leasePlace(tenantId, '');
  let cursor: string | undefined;
  do {
    const page = await table.query({
      ...{ partition, sortPrefix: leasePrefix, limit: pageSize },
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { lease } of page.records.map(readLease)) {
      // What a build that runs has reserved is not stored yet.
      if (lease.state !== 'settled') continue;
      for (const { quota, amount } of lease.shares) if (quota === 'storedBytes') of(lease.teamId).artifacts += amount;
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  of(undefined).uploads = (await table.get(uploadUseKey(tenantId)))?.counters.bytes ?? 0;
  return stored;
}

async function unlessThere(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}

import type { CacheLook } from '../../../core/cache/evict.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { doTask, scheduledCleanup } from '../../../core/retention/cleanup.ts';
import { storeReport } from '../../../core/retention/cleanup-record.ts';
import type { CleanupPorts } from '../../../core/retention/finding.ts';
import { installationOwner } from '../../../core/retention/places.ts';

/** Pointers that one run drops at most: the next one goes on. */
const mostEvicted = 500;

/**
 * Keeps the cache within its limits, in two phases. First the pointers to the results that were not used for the
 * longest time go, none of which a build needs; their steps are then missing, which is always allowed. The bytes go a
 * day later at the earliest, and only of blobs that no result points to by then. Then uploads go that have expired. All
 * of it may be repeated and cut short at any point, and is told in a report.
 */
export async function handle(ports: CleanupPorts, _input: unknown): Promise<JsonValue> {
  const startedAt = ports.clock.now();
  const record = scheduledCleanup(ports, installationOwner, ['cache', 'uploads']);
  const context = { now: startedAt, most: mostEvicted, dryRun: false };
  const cache = await doTask<CacheLook>(ports, 'cache', context);
  if (cache.look === undefined) throw new Error(`the cache cannot be read: ${cache.counts.error}`);
  const { bytes, noted, removed } = await cache.look.finish(cache.gone);
  const uploads = await doTask(ports, 'uploads', context);
  await storeReport(ports, record, {
    ...{ counts: [cache.counts, uploads.counts], entries: [...cache.entries, ...uploads.entries], startedAt },
  });
  const { results } = cache.look;
  return { results, bytes, evicted: cache.gone.size, noted, removed, uploads: { removed: uploads.counts.removed } };
}

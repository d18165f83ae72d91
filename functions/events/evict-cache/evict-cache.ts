import { lookForResults } from '../../../core/cache/evict.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { removesWithin, scheduledCleanup } from '../../../core/retention/cleanup.ts';
import { storeReport } from '../../../core/retention/cleanup-record.ts';
import type { CleanupPorts } from '../../../core/retention/finding.ts';
import { installationOwner } from '../../../core/retention/places.ts';
import { doTask, throwAll } from '../../../core/retention/task.ts';
import { lookForUploads } from '../../../core/uploads/sweep.ts';

/** Pointers that one run drops at most: the next one goes on. */
const mostEvicted = 500;

/**
 * Keeps the cache within its limits, in two phases. First the pointers to the results that were not used for the
 * longest time go, none of which a build needs; their steps are then missing, which is always allowed. The bytes go a
 * day later at the earliest, and only of blobs that no result points to by then. Then uploads go that have expired. All
 * of it may be repeated and cut short at any point, and is told in a report.
 * @throws AggregateError where something failed, after all the rest was done and told
 */
export async function handle(ports: CleanupPorts, _input: unknown): Promise<JsonValue> {
  const startedAt = ports.clock.now();
  const record = scheduledCleanup(ports, installationOwner, ['cache', 'uploads']);
  const context = { now: startedAt, most: mostEvicted };
  const options = { dryRun: false, until: () => new Date(startedAt.getTime() + removesWithin) };
  const cache = await doTask(ports, 'cache', () => lookForResults(ports, context), options);
  const errors = [...cache.errors];
  const finished = await cache.look?.finish(cache.gone).catch((error: unknown) => void errors.push(error));
  const uploads = await doTask(ports, 'uploads', () => lookForUploads(ports, context), options);
  await storeReport(ports, record, {
    ...{ counts: [cache.counts, uploads.counts], entries: [...cache.entries, ...uploads.entries], startedAt },
  });
  throwAll([...errors, ...uploads.errors]);
  // Without a look the engine has a word for why, such as a table that is too busy: the next run may do better.
  if (cache.look === undefined) throw new Error(`the cache cannot be read: ${cache.counts.error}`);
  const { results } = cache.look;
  return { results, evicted: cache.gone.size, ...finished, uploads: { removed: uploads.counts.removed } };
}

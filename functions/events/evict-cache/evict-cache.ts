import { cacheTickKey } from '../../../core/builds/keys.ts';
import { CacheCount, type CacheTick, lastCacheTick } from '../../../core/cache/cache-size.ts';
import { chooseEvictions } from '../../../core/cache/eviction.ts';
import { neededResults } from '../../../core/cache/needed-results.ts';
import { noteOrphans, pointedBlobs, removeOrphans } from '../../../core/cache/orphans.ts';
import { type StoredResult, walkResults } from '../../../core/cache/stored-results.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { ConditionFailed, type Table } from '../../../core/ports/table.ts';
import { sweepUploads } from '../../../core/uploads/sweep.ts';

type EvictPorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'installation'>;

/** Pointers that one run drops at most: the next one goes on. */
const mostEvicted = 500;

/**
 * Keeps the cache within its limit, in two phases. First the pointers to the results that were not used for the
 * longest time go, none of which a build needs; their steps are then missing, which is always allowed. The bytes go a
 * day later at the earliest, and only of blobs that no result points to by then. Then uploads go that have expired. All
 * of it may be repeated and cut short at any point.
 */
export async function handle(ports: EvictPorts, _input: unknown): Promise<JsonValue> {
  const before = await lastCacheTick(ports.table);
  const results: StoredResult[] = [];
  for await (const result of walkResults(ports.table)) results.push(result);
  const needed = (await neededResults(ports)) ?? new Set();
  const now = ports.clock.now();
  const rule = { limitBytes: ports.installation.cacheLimitBytes, now, most: mostEvicted };
  const { victims } = chooseEvictions(results, needed, rule);
  const gone = new Set<StoredResult>();
  for (const victim of victims) if (await dropVersion(ports.table, victim)) gone.add(victim);

  const left = results.filter((result) => !gone.has(result));
  const count = new CacheCount();
  for (const result of left) count.add(result);
  const tick: CacheTick = {
    at: now.toISOString(),
    sizes: count.sizes(),
    bytes: chooseEvictions(left, needed, rule).bytes,
    owners: count.owners(),
    evicted: gone.size,
  };
  // Without a cursor: where the store no longer takes the one before, the next run begins anew.
  await ports.table.transact([{ kind: 'put', key: cacheTickKey, data: toJsonObject(tick) }]);
  const pointed = pointedBlobs(left);
  const { noted, cursor } = await noteOrphans(ports, pointed, before?.cursor);
  if (cursor !== undefined) {
    await ports.table.transact([{ kind: 'put', key: cacheTickKey, data: toJsonObject({ ...tick, cursor }) }]);
  }
  const removed = await removeOrphans(ports, pointed);
  const uploads = await sweepUploads(ports);
  return { results: results.length, bytes: tick.bytes, evicted: gone.size, noted, removed, uploads };
}

/** Drops a pointer as it was read; false where a build has taken it since, or it is another one. */
async function dropVersion(table: Table, { place, version }: StoredResult): Promise<boolean> {
  try {
    await table.transact([{ kind: 'delete', key: place, condition: { kind: 'version', version } }]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}

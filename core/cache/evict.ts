import { cacheTickKey } from '../builds/keys.ts';
import { toJsonObject } from '../json.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import type { CleanupPorts, Finding, Look, LookContext } from '../retention/finding.ts';
import { CacheCount, type CacheTick, lastCacheTick } from './cache-size.ts';
import { chooseEvictions } from './eviction.ts';
import { neededResults } from './needed-results.ts';
import { noteOrphans, pointedBlobs, removeOrphans } from './orphans.ts';
import { bytesOf, type StoredResult, walkResults } from './stored-results.ts';

type EvictPorts = Pick<CleanupPorts, 'table' | 'blobs' | 'clock' | 'installation'>;

/** The cache as it was looked at, and what of it is to go. */
export interface CacheLook extends Look {
  readonly results: number;
  /**
   * Writes down how much the cache holds, and removes bytes that no result points to since a day; to be called when the
   * findings are removed.
   * @param gone the findings that were
   */
  readonly finish: (gone: ReadonlySet<Finding>) => Promise<{ bytes: number; noted: number; removed: number }>;
}

/**
 * The results that were not used for the longest time, so that the rest fits the limits: of the installation, of each
 * tenant, of what all share. None goes that a build needs. Their steps are then missing, which is always allowed.
 */
export async function lookForResults(ports: EvictPorts, { now, most }: LookContext): Promise<CacheLook> {
  const before = await lastCacheTick(ports.table);
  const results: StoredResult[] = [];
  for await (const result of walkResults(ports.table)) results.push(result);
  const needed = (await neededResults(ports)) ?? new Set();
  const { cacheLimitBytes, cacheLimitBytesPerTenant, cacheLimitBytesShared } = ports.installation;
  const rule = {
    ...{ limitBytes: cacheLimitBytes, now, most },
    ...(cacheLimitBytesPerTenant === undefined ? {} : { limitBytesPerTenant: cacheLimitBytesPerTenant }),
    ...(cacheLimitBytesShared === undefined ? {} : { limitBytesShared: cacheLimitBytesShared }),
  };
  const { victims } = chooseEvictions(results, needed, rule);
  const pairs = victims.map((victim): [Finding, StoredResult] => {
    const { scope, result } = victim;
    const tenantId = scope === 'shared' ? {} : { tenantId: scope };
    const told = { what: result.key, ...tenantId, why: ['unused'], bytes: bytesOf(victim) };
    return [{ ...told, remove: () => dropVersion(ports.table, victim) }, victim];
  });
  return {
    results: results.length,
    findings: pairs.map(([finding]) => finding),
    more: victims.length >= most,
    async finish(gone) {
      const dropped = new Set(pairs.flatMap(([finding, victim]) => (gone.has(finding) ? [victim] : [])));
      const left = results.filter((result) => !dropped.has(result));
      const count = new CacheCount();
      for (const result of left) count.add(result);
      const { bytes } = chooseEvictions(left, needed, rule);
      const tick: CacheTick = {
        ...{ at: now.toISOString(), sizes: count.sizes(), bytes, owners: count.owners(), evicted: dropped.size },
      };
      // Without a cursor: where the store no longer takes the one before, the next run begins anew.
      await ports.table.transact([{ kind: 'put', key: cacheTickKey, data: toJsonObject(tick) }]);
      const pointed = pointedBlobs(left);
      const { noted, cursor } = await noteOrphans(ports, pointed, before?.cursor);
      if (cursor !== undefined) {
        await ports.table.transact([{ kind: 'put', key: cacheTickKey, data: toJsonObject({ ...tick, cursor }) }]);
      }
      return { bytes, noted, removed: await removeOrphans(ports, pointed) };
    },
  };
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

import { type ActorOrEngine, auditWrite } from '../audit/entry.ts';
import { resultKey } from '../builds/keys.ts';
import { EngineError } from '../errors.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import { resultName } from './eviction.ts';
import { neededResults } from './needed-results.ts';
import { readResult, type StoredResult } from './stored-results.ts';

/** Builds whose plans are read before a removal: one request has no time for more. */
const mostBuilds = 1_000;

/**
 * Drops the pointer of a key, so that its step runs again when it is next needed. The bytes stay for now: another
 * result may point to them, and a build that is being settled may be about to. Eviction deletes them once they have
 * been without a result for a day (core/cache/orphans.ts).
 * @param scope `shared`, or the tenant's id
 * @throws EngineError cache.not_found, cache.in_use
 */
export async function removeResult(
  ports: { readonly table: Table; readonly blobs: Blobs; readonly clock: Clock; readonly ids: Ids },
  actor: ActorOrEngine,
  scope: string,
  key: string,
): Promise<StoredResult> {
  for (;;) {
    const record = await ports.table.get(resultKey(scope, key));
    if (record === undefined) throw new EngineError('cache.not_found', 'No result of this scope has this key.');
    const ask = scope === 'shared' ? {} : { tenantId: scope };
    const needed = await neededResults(ports, { ...ask, most: mostBuilds });
    if (needed === undefined) {
      throw new EngineError('cache.in_use', `More than ${mostBuilds} builds are queued or running: any may need it.`);
    }
    if (needed.has(resultName(scope, key))) {
      throw new EngineError('cache.in_use', 'A build that is queued or running needs this result.');
    }
    try {
      await ports.table.transact([
        { kind: 'delete', key: record.key, condition: { kind: 'version', version: record.version } },
        auditWrite(ports, actor, {
          ...{ action: 'cache.removed', target: key },
          detail: { scope: scope === 'shared' ? 'shared' : 'tenant' },
        }),
      ]);
      return readResult(record);
    } catch (error) {
      // A build took it meanwhile, or somebody else dropped it: look again.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

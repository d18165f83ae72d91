import { z } from 'zod';
import { resultKey } from '../../../core/builds/keys.ts';
import { lastUseOf } from '../../../core/builds/stage-repository.ts';
import { bytesOf, cacheKinds, isResult, kindOf, readResult } from '../../../core/cache/stored-results.ts';
import { sharedUseSchema } from '../../../core/cache/uses.ts';
import type { Table, TableRecord } from '../../../core/ports/table.ts';

/** A result in the cache, as its owner, or a tenant whose builds used it, sees it. */
export const cacheEntrySchema = z
  .strictObject({
    key: z.string(),
    scope: z.enum(['tenant', 'shared']),
    program: z.string(),
    step: z.string().optional().describe('Id of the step; another build may call it otherwise.'),
    kind: z.enum(cacheKinds),
    bytes: z.number().int(),
    lastUsedAt: z.string().describe('To within an hour; of a shared result the use by the tenant’s own builds.'),
    hits: z.number().int().describe('Hours in which a build took it; of a shared result the tenant’s own builds.'),
    build: z.string().describe('The build that made it; of a shared result the tenant’s build that used it last.'),
  })
  .meta({ id: 'CacheEntry' });
export type CacheEntry = z.infer<typeof cacheEntrySchema>;

/** The entry of an index record; undefined where it tells of a shared result that is gone. */
export async function cacheEntry(table: Table, record: TableRecord): Promise<CacheEntry | undefined> {
  if (isResult(record)) {
    const { scope, result } = readResult(record);
    return {
      key: result.key,
      scope: scope === 'shared' ? 'shared' : 'tenant',
      program: result.program,
      ...(result.step === undefined ? {} : { step: result.step }),
      kind: kindOf(result),
      bytes: bytesOf(readResult(record)),
      lastUsedAt: lastUseOf(result),
      hits: result.hits ?? 0,
      build: result.buildId,
    };
  }
  const use = sharedUseSchema.parse(record.data);
  const shared = await table.get(resultKey('shared', use.key));
  if (shared === undefined) return undefined;
  const { result } = readResult(shared);
  return {
    key: use.key,
    scope: 'shared',
    program: result.program,
    step: use.step,
    kind: kindOf(result),
    bytes: bytesOf(readResult(shared)),
    lastUsedAt: use.lastUsedAt,
    hits: use.hits,
    build: use.buildId,
  };
}

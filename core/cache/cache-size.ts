import { z } from 'zod';
import { cacheTickKey, resultKey } from '../builds/keys.ts';
import { blobsOf } from '../builds/sound-blobs.ts';
import type { Table } from '../ports/table.ts';
import { cacheKinds, cachePage, isResult, kindOf, readResult, type StoredResult } from './stored-results.ts';
import { sharedUseSchema } from './uses.ts';

const sizeSchema = z.strictObject({
  scope: z.enum(['shared', 'tenant']),
  kind: z.enum(cacheKinds),
  results: z.number().int(),
  bytes: z.number().int().describe('A blob that several results point to counts once.'),
});
export const cacheSizesSchema = z.array(sizeSchema);
export type CacheSizes = z.infer<typeof cacheSizesSchema>;

/** What the last run of eviction saw, and where its look through the store stopped. */
export const cacheTickSchema = z.strictObject({
  at: z.iso.datetime(),
  sizes: cacheSizesSchema,
  /** Of layers, indexes and modules. */
  bytes: z.number().int(),
  /** Bytes of the pool and of the tenants that have most. */
  owners: z.array(z.strictObject({ scope: z.string(), bytes: z.number().int() })),
  evicted: z.number().int(),
  cursor: z.string().optional(),
});
export type CacheTick = z.infer<typeof cacheTickSchema>;

/** Owners that are told of one by one. */
const toldOwners = 20;

/** Adds up results by scope and kind, each blob once. */
export class CacheCount {
  readonly #counted = new Set<string>();
  readonly #sizes = new Map<string, CacheSizes[number]>();
  readonly #owners = new Map<string, number>();

  add({ scope, result }: Pick<StoredResult, 'scope' | 'result'>): void {
    const side = scope === 'shared' ? 'shared' : 'tenant';
    const kind = kindOf(result);
    const size = this.#sizes.get(`${side} ${kind}`) ?? { scope: side, kind, results: 0, bytes: 0 };
    size.results += 1;
    for (const { place, size: bytes } of blobsOf(result, scope, scope)) {
      const name = `${place.bucket}/${place.path}`;
      if (this.#counted.has(name)) continue;
      this.#counted.add(name);
      size.bytes += bytes;
      if (place.bucket === 'work') this.#owners.set(scope, (this.#owners.get(scope) ?? 0) + bytes);
    }
    this.#sizes.set(`${side} ${kind}`, size);
  }

  sizes(): CacheSizes {
    return [...this.#sizes.values()];
  }

  /** Bytes of the cache (artifacts are no part of it) of those that have most, the largest first. */
  owners(): { scope: string; bytes: number }[] {
    const all = [...this.#owners].map(([scope, bytes]) => ({ scope, bytes }));
    return all.sort((a, b) => b.bytes - a.bytes).slice(0, toldOwners);
  }
}

/** The last run of eviction; undefined before the first. */
export async function lastCacheTick(table: Table): Promise<CacheTick | undefined> {
  const record = await table.get(cacheTickKey);
  return record === undefined ? undefined : cacheTickSchema.parse(record.data);
}

/** Records that are looked at for one answer: a tenant that has more is told so. */
const mostCounted = 5_000;
const page = 500;

/**
 * What a tenant has in the cache by scope and kind: its own results, and of the shared ones what its builds used and
 * is still there. `complete` is false where there is more than one answer counts.
 */
export async function tenantSizes(table: Table, tenantId: string): Promise<{ sizes: CacheSizes; complete: boolean }> {
  const count = new CacheCount();
  let cursor: string | undefined;
  for (let read = 0; read < mostCounted; read += page) {
    const found = await cachePage(table, tenantId, { limit: page, ...(cursor === undefined ? {} : { cursor }) });
    const results = await Promise.all(
      found.records.map(async (record) => {
        if (isResult(record)) return readResult(record);
        const shared = await table.get(resultKey('shared', sharedUseSchema.parse(record.data).key));
        return shared === undefined ? undefined : readResult(shared);
      }),
    );
    for (const result of results) if (result !== undefined) count.add(result);
    cursor = found.cursor;
    if (cursor === undefined) break;
  }
  return { sizes: count.sizes(), complete: cursor === undefined };
}

import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  BuildExplanation,
  CacheList,
  CacheStats,
  ListCacheData,
  RemovedResult,
  WarmCacheResponses,
  Warmings,
} from './generated/types.gen.ts';

/** The calls of a client that are about the cache. */
export function cacheCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** A page of what the tenant has in the cache, the last used first. */
  async function listCache(query: NonNullable<ListCacheData['query']> = {}): Promise<CacheList> {
    return (await operations.listCache({ ...shared, query })).data;
  }

  async function readCacheStats(days?: number): Promise<CacheStats> {
    return (await operations.readCacheStats({ ...shared, query: days === undefined ? {} : { days } })).data;
  }

  /** Why each step of a build was a hit or not. */
  async function explainCache(build: string): Promise<BuildExplanation> {
    return (await operations.explainCache({ ...shared, query: { build } })).data;
  }

  async function removeCached(key: string, scope: 'tenant' | 'shared' = 'tenant'): Promise<RemovedResult> {
    return (await operations.removeCached({ ...shared, path: { key }, query: { scope } })).data;
  }

  /** Builds ahead what all tenants share: of a preset, of a spec, or, with neither, of every preset. */
  async function warmCache(
    what: {
      readonly preset?: string;
      readonly spec?: { readonly body: string; readonly mediaType: string };
      readonly idempotencyKey?: string;
    } = {},
  ): Promise<Warmings> {
    const { preset, spec, idempotencyKey } = what;
    const { data } = await client.post<WarmCacheResponses, unknown, true>({
      security: [{ type: 'http', scheme: 'bearer' }],
      url: '/v1/cache:warm',
      query: preset === undefined ? {} : { preset },
      ...(spec === undefined ? {} : { body: spec.body }),
      bodySerializer: null,
      headers: {
        ...(spec === undefined ? {} : { 'content-type': spec.mediaType }),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      },
      throwOnError: true,
    });
    return data;
  }

  return { listCache, readCacheStats, explainCache, removeCached, warmCache };
}

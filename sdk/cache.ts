import * as operations from './generated/sdk.gen.ts';
import type {
  BuildExplanation,
  CacheEntry,
  CacheList,
  CacheStats,
  ListCacheData,
  RemovedResult,
  WarmCacheResponses,
  Warmings,
} from './generated/types.gen.ts';
import { type Listing, listing } from './pages.ts';
import { type SpecSource, specCall } from './spec-source.ts';
import type { CallOptions, KeyedCallOptions, Transport } from './transport.ts';

/** The cache. @internal */
export function cacheCalls(engine: Transport) {
  return {
    /** What the tenant has in the cache, the last used first. */
    list: (query: NonNullable<ListCacheData['query']> = {}, options?: CallOptions): Listing<CacheList, CacheEntry> =>
      listing(
        query,
        async (page) => (await operations.listCache({ ...engine.of(options), query: { ...query, ...page } })).data,
        ({ entries }) => entries,
      ),

    readStats: async (days?: number, options?: CallOptions): Promise<CacheStats> =>
      (await operations.readCacheStats({ ...engine.of(options), query: days === undefined ? {} : { days } })).data,

    /** Why each step of a build was a hit or not. */
    explain: async (build: string, options?: CallOptions): Promise<BuildExplanation> =>
      (await operations.explainCache({ ...engine.of(options), query: { build } })).data,

    remove: async (key: string, scope: 'tenant' | 'shared' = 'tenant', options?: CallOptions): Promise<RemovedResult> =>
      (await operations.removeCached({ ...engine.of(options), path: { key }, query: { scope } })).data,

    /** Builds ahead what all tenants share: of a preset, of a spec, or, with neither, of every preset. */
    warm: async (
      what: KeyedCallOptions & { readonly preset?: string; readonly spec?: SpecSource } = {},
    ): Promise<Warmings> => {
      const { data } = await engine.client.post<WarmCacheResponses, unknown, true>({
        ...specCall(engine, what.spec, what),
        url: '/v1/cache:warm',
        query: what.preset === undefined ? {} : { preset: what.preset },
      });
      return data;
    },
  };
}

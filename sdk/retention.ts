import * as operations from './generated/sdk.gen.ts';
import type {
  Cleanup,
  CleanupEntry,
  Hold,
  Image,
  ListCleanupEntriesResponse,
  ListCleanupsResponse,
  ListHoldsResponse,
  ListRetentionPoliciesResponse,
  ListTrashResponse,
  Retention,
  RetentionPolicy,
  SetRetentionData,
  SetRetentionPolicyData,
  StartCleanupData,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, KeyedCallOptions, Transport } from './transport.ts';

/** Whose cleanups are meant; absent: the tenant's. */
export interface CleanupScope {
  readonly scope?: 'tenant' | 'installation';
}

/** What is kept for how long. @internal */
export function retentionCalls(engine: Transport) {
  return {
    /** What is in the trash, what goes next first. */
    listTrash: (query: PageQuery = {}, options?: CallOptions): Listing<ListTrashResponse, Image> =>
      listing(
        query,
        async (page) => (await operations.listTrash({ ...engine.of(options), query: page })).data,
        ({ images }) => images,
      ),

    read: async (options?: CallOptions): Promise<Retention> =>
      (await operations.readRetention(engine.of(options))).data,

    set: async (body: SetRetentionData['body'], options?: CallOptions): Promise<Retention> =>
      (await operations.setRetention({ ...engine.of(options), body })).data,

    /** The tenant's policies by name. */
    listPolicies: (
      query: PageQuery = {},
      options?: CallOptions,
    ): Listing<ListRetentionPoliciesResponse, RetentionPolicy> =>
      listing(
        query,
        async (page) => (await operations.listRetentionPolicies({ ...engine.of(options), query: page })).data,
        ({ policies }) => policies,
      ),

    setPolicy: async (
      name: string,
      body: SetRetentionPolicyData['body'],
      options?: CallOptions,
    ): Promise<RetentionPolicy> =>
      (await operations.setRetentionPolicy({ ...engine.of(options), path: { name }, body })).data,

    removePolicy: async (name: string, options?: CallOptions): Promise<void> => {
      await operations.removeRetentionPolicy({ ...engine.of(options), path: { name } });
    },

    /** The legal holds that are not released, the oldest first. */
    listHolds: (query: PageQuery = {}, options?: CallOptions): Listing<ListHoldsResponse, Hold> =>
      listing(
        query,
        async (page) => (await operations.listHolds({ ...engine.of(options), query: page })).data,
        ({ holds }) => holds,
      ),

    placeHold: async (build: string, reason: string, options?: KeyedCallOptions): Promise<Hold> =>
      (await operations.placeHold({ ...engine.of(options), body: { build, reason } })).data,

    releaseHold: async (id: string, reason: string, options?: CallOptions): Promise<Hold> =>
      (await operations.releaseHold({ ...engine.of(options), path: { id }, body: { reason } })).data,

    /** Asks for a cleanup, or for what one would remove; its report follows within seconds. */
    startCleanup: async (body: StartCleanupData['body'], options?: KeyedCallOptions): Promise<Cleanup> =>
      (await operations.startCleanup({ ...engine.of(options), body })).data,

    /** Reports of cleanups, the latest first. */
    listCleanups: (
      query: CleanupScope & PageQuery = {},
      options?: CallOptions,
    ): Listing<ListCleanupsResponse, Cleanup> =>
      listing(
        query,
        async (page) => (await operations.listCleanups({ ...engine.of(options), query: { ...query, ...page } })).data,
        ({ cleanups }) => cleanups,
      ),

    readCleanup: async (id: string, of: CleanupScope = {}, options?: CallOptions): Promise<Cleanup> =>
      (await operations.readCleanup({ ...engine.of(options), path: { id }, query: of })).data,

    /** What a cleanup found, why it goes, and what became of it. Its pages are as long as the engine makes them. */
    listCleanupEntries: (
      id: string,
      query: CleanupScope & Pick<PageQuery, 'cursor'> = {},
      options?: CallOptions,
    ): Listing<ListCleanupEntriesResponse, CleanupEntry> =>
      listing(
        query,
        async ({ cursor }) => {
          const asked = { ...query, ...(cursor === undefined ? {} : { cursor }) };
          return (await operations.listCleanupEntries({ ...engine.of(options), path: { id }, query: asked })).data;
        },
        ({ entries }) => entries,
      ),
  };
}

import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  BuildRetention,
  Cleanup,
  CleanupEntry,
  Hold,
  Image,
  Retention,
  RetentionPolicy,
  SetRetentionData,
  SetRetentionPolicyData,
  StartCleanupData,
} from './generated/types.gen.ts';

/** Entries that one call for a page asks for: as many as the service gives. */
const pageSize = 100;

/** Whose cleanups are meant; absent: the tenant's. */
export interface CleanupScope {
  readonly scope?: 'tenant' | 'installation';
}

/** The calls of a client that are about what is kept for how long. */
export function retentionCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;
  const pageOf = (cursor: string | undefined) => ({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });

  /** All pages of a list, one after another. */
  async function* all<P extends { readonly cursor?: string }, T>(
    read: (cursor: string | undefined) => Promise<P>,
    entries: (page: P) => readonly T[],
  ): AsyncGenerator<T> {
    let cursor: string | undefined;
    do {
      const page = await read(cursor);
      yield* entries(page);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** What is in the trash, what goes next first. */
  const readTrash = (): AsyncGenerator<Image> =>
    all(
      async (cursor) => (await operations.listTrash({ ...shared, query: pageOf(cursor) })).data,
      ({ images }) => images,
    );

  /** Puts what a build made into the trash. */
  const removeArtifacts = async (id: string): Promise<Image> =>
    (await operations.removeArtifacts({ ...shared, path: { id } })).data;

  /** Takes what a build made out of the trash, as it was. */
  const restoreArtifacts = async (id: string): Promise<Image> =>
    (await operations.restoreArtifacts({ ...shared, path: { id } })).data;

  /** Replaces the tags of what a build made. */
  const tagArtifacts = async (id: string, tags: readonly string[]): Promise<Image> =>
    (await operations.tagArtifacts({ ...shared, path: { id }, body: { tags: [...tags] } })).data;

  /** Whether what a build made is kept, and what protects it. */
  const readBuildRetention = async (id: string): Promise<BuildRetention> =>
    (await operations.readBuildRetention({ ...shared, path: { id } })).data;

  const readRetention = async (): Promise<Retention> => (await operations.readRetention(shared)).data;

  const setRetention = async (body: SetRetentionData['body']): Promise<Retention> =>
    (await operations.setRetention({ ...shared, body })).data;

  /** The tenant's policies by name. */
  const readRetentionPolicies = (): AsyncGenerator<RetentionPolicy> =>
    all(
      async (cursor) => (await operations.listRetentionPolicies({ ...shared, query: pageOf(cursor) })).data,
      ({ policies }) => policies,
    );

  const setRetentionPolicy = async (name: string, body: SetRetentionPolicyData['body']): Promise<RetentionPolicy> =>
    (await operations.setRetentionPolicy({ ...shared, path: { name }, body })).data;

  const removeRetentionPolicy = async (name: string): Promise<void> => {
    await operations.removeRetentionPolicy({ ...shared, path: { name } });
  };

  /** The legal holds that are not released, the oldest first. */
  const readHolds = (): AsyncGenerator<Hold> =>
    all(
      async (cursor) => (await operations.listHolds({ ...shared, query: pageOf(cursor) })).data,
      ({ holds }) => holds,
    );

  const placeHold = async (build: string, reason: string, idempotencyKey?: string): Promise<Hold> => {
    const headers = idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } };
    return (await operations.placeHold({ ...shared, ...headers, body: { build, reason } })).data;
  };

  const releaseHold = async (id: string, reason: string): Promise<Hold> =>
    (await operations.releaseHold({ ...shared, path: { id }, body: { reason } })).data;

  /** Asks for a cleanup, or for what one would remove; its report follows within seconds. */
  const startCleanup = async (body: StartCleanupData['body'], idempotencyKey?: string): Promise<Cleanup> => {
    const headers = idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } };
    return (await operations.startCleanup({ ...shared, ...headers, body })).data;
  };

  /** Reports of cleanups, the latest first, page by page until the reader has seen enough. */
  const readCleanups = (of: CleanupScope = {}): AsyncGenerator<Cleanup> =>
    all(
      async (cursor) => (await operations.listCleanups({ ...shared, query: { ...pageOf(cursor), ...of } })).data,
      ({ cleanups }) => cleanups,
    );

  const readCleanup = async (id: string, of: CleanupScope = {}): Promise<Cleanup> =>
    (await operations.readCleanup({ ...shared, path: { id }, query: of })).data;

  /** What a cleanup found, why it goes, and what became of it. */
  const readCleanupEntries = (id: string, of: CleanupScope = {}): AsyncGenerator<CleanupEntry> =>
    all(
      async (cursor) => {
        const query = { ...of, ...(cursor === undefined ? {} : { cursor }) };
        return (await operations.listCleanupEntries({ ...shared, path: { id }, query })).data;
      },
      ({ entries }) => entries,
    );

  return {
    ...{ readTrash, removeArtifacts, restoreArtifacts, tagArtifacts, readBuildRetention },
    ...{ readRetention, setRetention, readRetentionPolicies, setRetentionPolicy, removeRetentionPolicy },
    ...{ readHolds, placeHold, releaseHold },
    ...{ startCleanup, readCleanups, readCleanup, readCleanupEntries },
  };
}

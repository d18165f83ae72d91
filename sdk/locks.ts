import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { BuildLock, BuildLockAnswer, BuildSpec, StoredLock, UploadLockResponses } from './generated/types.gen.ts';

/** The calls of a client that are about what builds are made of. */
export function lockCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** What a build was made of: every package by digest, and the state of the archives. */
  async function readBuildLock(id: string): Promise<BuildLockAnswer> {
    return (await operations.readBuildLock({ ...shared, path: { id } })).data;
  }

  /** The spec of a build with its defaults, for whoever may build it again. */
  async function readBuildSpec(id: string): Promise<BuildSpec['spec']> {
    return (await operations.readBuildSpec({ ...shared, path: { id } })).data.spec;
  }

  /** Keeps a lock in the engine; its digest in the answer is what specs and builds name it by. */
  async function uploadLock(lock: BuildLock | { readonly text: string }): Promise<StoredLock> {
    const { data } = await client.post<UploadLockResponses, unknown, true>({
      security: [{ type: 'http', scheme: 'bearer' }],
      url: '/v1/locks',
      body: 'text' in lock ? lock.text : JSON.stringify(lock),
      bodySerializer: null,
      headers: { 'content-type': 'application/json' },
      throwOnError: true,
    });
    return data;
  }

  return { readBuildLock, readBuildSpec, uploadLock };
}

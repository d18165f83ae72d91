import type { BuildLock, StoredLock, UploadLockResponses } from './generated/types.gen.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Locks. That of a build is read with the build. @internal */
export function lockCalls(engine: Transport) {
  return {
    /** Keeps a lock in the engine; its digest in the answer is what specs and builds name it by. */
    upload: async (lock: BuildLock | { readonly text: string }, options?: CallOptions): Promise<StoredLock> => {
      const { data } = await engine.client.post<UploadLockResponses, unknown, true>({
        ...engine.of(options),
        security: [{ type: 'http', scheme: 'bearer' }],
        url: '/v1/locks',
        body: 'text' in lock ? lock.text : JSON.stringify(lock),
        bodySerializer: null,
        headers: { 'content-type': 'application/json' },
      });
      return data;
    },
  };
}

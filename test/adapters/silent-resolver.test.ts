import { expect, it, vi } from 'vitest';
import { createGuardedFetch } from '../../adapters/network/guarded-fetch.ts';

// A resolver that never answers: none can be had on a machine without changing the machine's own.
vi.mock('node:dns', () => ({ lookup: () => undefined }));

it.each([undefined, { url: 'http://127.0.0.1:9', noProxy: [] }])(
  'a silent resolver holds no request past its signal: %o',
  async (proxy) => {
    const stopped = new Error('stopped');
    const stop = new AbortController();
    const asked = createGuardedFetch([], proxy)('http://silent.invalid/', { signal: stop.signal });
    const ended = expect(asked).rejects.toMatchObject(
      proxy === undefined ? { name: 'AbortError' } : { message: 'stopped' },
    );
    stop.abort(stopped);
    await ended;
  },
);

it('a signal that was aborted before ends it at once', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(
    createGuardedFetch([], { url: 'http://127.0.0.1:9', noProxy: [] })('http://silent.invalid/', { signal }),
  ).rejects.toThrow('stopped');
});

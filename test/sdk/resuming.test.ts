import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { resumedBytes } from '../../sdk/resuming.ts';

/** What a page does: the answer that told where the bytes are has them already. */
const address = 'http://store.example/file';
const file = { name: 'file', size: 4, sha256: '' };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An answer that brings bytes and then nothing, and knows no signal. */
function stalling(bytes: readonly number[], status = 200) {
  const cancelled = vi.fn();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Uint8Array.from(bytes)),
    cancel: cancelled,
  });
  return { response: new Response(body, { status, headers: { etag: '"1"' } }), cancelled };
}

it('a first answer that was begun elsewhere and stalls is given up after 30 seconds, and the rest is asked for', async () => {
  const first = stalling([1, 2]);
  const ranges: (string | undefined)[] = [];
  const send: typeof fetch = async (_, init) => {
    ranges.push(new Headers(init?.headers).get('range') ?? undefined);
    const headers = { 'content-range': 'bytes 2-3/4', etag: '"1"' };
    return new Response(Uint8Array.from([3, 4]), { status: 206, headers });
  };
  const began = Date.now();
  const got: number[] = [];
  const reading = (async () => {
    const bytes = resumedBytes({
      ...{ file, send, maxRetries: 1, signal: undefined, onProgress: undefined },
      locate: async () => ({ address, begun: first.response }),
    });
    for await (const piece of bytes) got.push(...piece);
  })();
  await vi.advanceTimersByTimeAsync(29_000);
  expect([got, ranges]).toEqual([[1, 2], []]);
  await vi.advanceTimersByTimeAsync(2_000);
  await reading;
  expect([got, ranges]).toEqual([[1, 2, 3, 4], ['bytes=2-']]);
  expect(Date.now() - began).toBeLessThan(32_000);
  expect(first.cancelled).toHaveBeenCalledOnce();
});

it('whoever leaves such an answer, or aborts, ends it', async () => {
  const left = stalling([1, 2]);
  const send: typeof fetch = () => Promise.reject(new Error('nobody asks'));
  const options = { file, send, maxRetries: 1, onProgress: undefined };
  const leaving = resumedBytes({
    ...{ ...options, signal: undefined },
    locate: async () => ({ address, begun: left.response }),
  });
  for await (const _ of leaving) break;
  await vi.waitFor(() => expect(left.cancelled).toHaveBeenCalledOnce());

  const aborted = stalling([1, 2]);
  const stop = new AbortController();
  const aborting = resumedBytes({
    ...{ ...options, signal: stop.signal },
    locate: async () => ({ address, begun: aborted.response }),
  });
  await aborting.next();
  const next = aborting.next();
  stop.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  expect(aborted.cancelled).toHaveBeenCalledOnce();
});

it('a store that does not begin to answer is given up after 30 seconds too', async () => {
  const tries: number[] = [];
  const send: typeof fetch = (_, init) => {
    tries.push(Date.now());
    return new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
    });
  };
  const bytes = resumedBytes({
    ...{ file, send, maxRetries: 1, signal: undefined, onProgress: undefined },
    locate: async () => ({ address }),
  });
  const first = bytes.next();
  first.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(61_000);
  await expect(first).rejects.toThrow('it sends nothing more');
  const [one = 0, two = 0] = tries;
  expect([tries.length, Math.floor((two - one) / 1_000)]).toEqual([2, 30]);
});

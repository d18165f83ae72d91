import { setTimeout as sleep } from 'node:timers/promises';

/** Together about half a minute: longer than a store's throttling, shorter than the loss of an attempt is noticed. */
const usualAttempts = 8;
const firstMilliseconds = 200;
const longestMilliseconds = 8_000;

/**
 * Does something again while it fails in a way that may pass, with growing pauses and jitter.
 * @param mayPass says of an error whether it may
 */
export async function withRetries<Result>(
  action: () => Promise<Result>,
  mayPass: (error: unknown) => boolean,
  options: { readonly signal: AbortSignal; readonly random: () => number; readonly attempts?: number },
): Promise<Result> {
  const { attempts = usualAttempts } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (attempt === attempts || options.signal.aborted || !mayPass(error)) throw error;
      const pause = Math.min(longestMilliseconds, firstMilliseconds * 2 ** (attempt - 1));
      await sleep(pause * (0.5 + options.random() / 2), undefined, { signal: options.signal });
    }
  }
}

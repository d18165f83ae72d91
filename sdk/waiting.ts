/** Waits that long. @throws the signal's reason as soon as it is aborted */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Milliseconds before the first repetition, at most; each further one may wait twice as long as the one before. */
const firstMilliseconds = 500;
/** No pause is longer, unless the engine asked for it. */
export const longestBackoff = 8_000;

/**
 * Milliseconds to wait before a repetition: at random in the upper half of a span that doubles, so that callers that
 * failed together do not come back together.
 * @param failures failures in a row before it, 0 before the first repetition
 * @param random from 0 to below 1
 */
export function backoff(failures: number, random: number): number {
  const span = Math.min(longestBackoff, firstMilliseconds * 2 ** Math.min(failures, 30));
  return span / 2 + (span / 2) * random;
}

/**
 * Milliseconds to wait before a repetition where the answer may have said how long: never less than that, and not all
 * who were told the same at the same moment.
 * @param failures failures in a row before it, 0 before the first repetition
 * @param askedSeconds of Retry-After, where there was one
 */
export function pauseBefore(failures: number, askedSeconds: number | undefined): number {
  const usual = backoff(failures, Math.random());
  if (askedSeconds === undefined) return usual;
  return Math.max(usual, askedSeconds * 1_000 + Math.random() * Math.min(1_000, 250 + askedSeconds * 100));
}

/**
 * Repeats a call that waits for something while the engine is away, until it was away for too long, or asks for a longer
 * pause than is left.
 */
export async function patiently<T>(
  call: () => Promise<T>,
  waiting: {
    readonly isPassing: (error: unknown) => boolean;
    readonly askedSeconds: (error: unknown) => number | undefined;
    readonly patienceMilliseconds: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<T> {
  const began = Date.now();
  for (let failures = 0; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      waiting.signal?.throwIfAborted();
      if (!waiting.isPassing(error)) throw error;
      const pause = pauseBefore(failures, waiting.askedSeconds(error));
      if (Date.now() - began + pause > waiting.patienceMilliseconds) throw error;
      await sleep(pause, waiting.signal);
    }
  }
}

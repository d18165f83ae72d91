import type { Clock } from '../../core/ports/clock.ts';

/** The machine's clock. */
export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const end = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, milliseconds);
        signal?.addEventListener('abort', end, { once: true });
      }),
  };
}

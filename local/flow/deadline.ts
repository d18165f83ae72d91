import { setMaxListeners } from 'node:events';
import type { Clock } from '../../core/ports/clock.ts';
import { StateFailed } from './failure.ts';

/** Longest single sleep, in milliseconds: timers overflow above 2^31 - 1. */
const longestSleep = 86_400_000;

/** Resolves at that instant (milliseconds since the epoch), or at once when the signal is aborted. */
export async function sleepUntil(clock: Clock, instant: number, signal: AbortSignal): Promise<void> {
  for (let left = instant - clock.now().getTime(); left > 0; left = instant - clock.now().getTime()) {
    if (signal.aborted) return;
    await clock.sleep(Math.min(left, longestSleep), signal);
  }
}

/**
 * Waits for work, for no longer than a deadline and a signal allow. The work itself is not ended by either.
 * @throws StateFailed States.Timeout past the deadline; the signal's reason where it aborts.
 */
export async function within<T>(
  clock: Clock,
  deadline: number | undefined,
  signal: AbortSignal,
  work: Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const contenders = [
    work,
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: over.signal });
    }),
  ];
  if (deadline !== undefined) {
    contenders.push(
      sleepUntil(clock, deadline, over.signal).then(() => {
        throw new StateFailed('States.Timeout', 'the state took longer than its TimeoutSeconds');
      }),
    );
  }
  try {
    return await Promise.race(contenders);
  } finally {
    over.abort();
  }
}

/** A controller that aborts with its parent. Each thread of a Map listens, so there is no usual number of listeners. */
export function childController(parent?: AbortSignal): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  if (parent?.aborted === true) controller.abort(parent.reason);
  parent?.addEventListener('abort', () => controller.abort(parent.reason), {
    once: true,
    signal: controller.signal,
  });
  return controller;
}

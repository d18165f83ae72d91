import { createSystemClock } from '../../../adapters/system/clock.ts';
import type { Clock } from '../../../core/ports/clock.ts';

/**
 * A clock that runs `speed` times as fast as the machine's, from `origin` (milliseconds since the epoch) on: waits and
 * retries of seconds take milliseconds, and two processes that share an origin agree on the time.
 */
export function fastClock(speed: number, origin: number = Date.now()): Clock {
  const system = createSystemClock();
  return {
    now: () => new Date(Math.floor(origin + (Date.now() - origin) * speed)),
    sleep: (milliseconds, signal) => system.sleep(Math.ceil(milliseconds / speed), signal),
  };
}

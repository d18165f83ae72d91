import { type EventEnvelope, scheduleEnvelope } from '../../core/events/envelope.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { EventFunctionName } from '../../core/wiring/flow-functions.ts';

export interface Schedule {
  readonly name: string;
  readonly everyMinutes: number;
  readonly target: EventFunctionName;
}

export interface SchedulesOptions {
  readonly schedules: readonly Schedule[];
  readonly invoke: (functionName: EventFunctionName, payload: EventEnvelope) => Promise<void>;
  readonly clock: Clock;
  /** Told of each run that failed: the next run is the retry. */
  readonly log: (message: string, detail: Readonly<Record<string, string | number>>) => void;
}

/**
 * Runs each schedule right after the start and then at its interval. A schedule never overlaps itself: a run that takes
 * longer than the interval lets the times go by that it missed.
 * @returns stop(), which starts no further run and resolves when those that run are over.
 */
export function startSchedules(options: SchedulesOptions): { stop(): Promise<void> } {
  const { clock, invoke, log } = options;
  const stopping = new AbortController();

  const repeat = async ({ name, everyMinutes, target }: Schedule): Promise<void> => {
    const interval = everyMinutes * 60_000;
    const first = clock.now().getTime();
    for (let run = 0; !stopping.signal.aborted; ) {
      try {
        await invoke(target, scheduleEnvelope(`${name}-${first + run * interval}`, clock.now()));
      } catch (thrown) {
        const reason = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
        log('A scheduled run failed', { schedule: name, target, reason });
      }
      const now = clock.now().getTime();
      run = Math.max(run, Math.floor((now - first) / interval)) + 1;
      await clock.sleep(first + run * interval - now, stopping.signal);
    }
  };

  const running = options.schedules.map(repeat);
  return {
    stop: async () => {
      stopping.abort(new Error('the schedules are stopped'));
      await Promise.all(running);
    },
  };
}

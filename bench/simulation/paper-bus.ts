import { type EventEnvelope, eventEnvelope } from '../../core/events/envelope.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { EventBus } from '../../core/ports/event-bus.ts';
import { eventRules } from '../../core/wiring/event-rules.ts';
import type { EventFunctionName } from '../../core/wiring/flow-functions.ts';
import type { Random } from './random.ts';

/** How badly events travel: shares from 0 to 1, and milliseconds. */
export interface BusFaults {
  readonly lost: number;
  readonly twice: number;
  /** Each delivery takes up to so long, so that later events overtake earlier ones. */
  readonly slowest: number;
  /** What is lost is delivered after so long all the same; absent: never, and a sweep must do without it. */
  readonly redelivered?: number;
  /** Functions to which nothing that is lost is delivered again, whatever `redelivered` says. */
  readonly forgotten?: readonly EventFunctionName[];
  /** An event is not taken, or taken and not said to be: it stays in the outbox. */
  readonly refused?: number;
}

/** Deliveries of one event to one function before it is given up, as EventBridge gives up on Lambda in the end. */
const mostAttempts = 10;

/** The event bus on paper time, with the engine's rules: deliveries are late, doubled or lost. */
export function createPaperBus(options: {
  readonly invoke: (name: EventFunctionName, envelope: EventEnvelope) => Promise<void>;
  readonly clock: Clock;
  readonly faults: BusFaults;
  readonly random: Random;
}): EventBus {
  const { invoke, clock, faults, random } = options;
  const { refused = 0 } = faults;
  const deliver = async (target: EventFunctionName, envelope: EventEnvelope, after = 0): Promise<void> => {
    if (after > 0) await clock.sleep(after);
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      await clock.sleep(random.between(20, faults.slowest) * attempt);
      try {
        await invoke(target, envelope);
        return;
      } catch {
        // The function failed, which whoever invokes it is told: it is called again.
      }
    }
  };
  return {
    publish: async (events) => {
      const accepted: string[] = [];
      for (const event of events) {
        const isRefused = refused > 0 && random.next() < refused;
        if (!isRefused) accepted.push(event.id);
        // Half of what is not said to be taken was taken: it is delivered now, and again when it is published again.
        if (isRefused && random.next() < 0.5) continue;
        for (const rule of eventRules) {
          if (!rule.types.includes(event.type)) continue;
          const isLost = random.next() < faults.lost;
          const isForgotten = faults.redelivered === undefined || faults.forgotten?.includes(rule.target) === true;
          if (isLost && isForgotten) continue;
          const times = random.next() < faults.twice ? 2 : 1;
          const after = isLost ? faults.redelivered : 0;
          for (let time = 0; time < times; time += 1) void deliver(rule.target, eventEnvelope(event), after);
        }
      }
      return accepted;
    },
  };
}

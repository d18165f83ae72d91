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
  const deliver = async (target: EventFunctionName, envelope: EventEnvelope): Promise<void> => {
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      await clock.sleep(random.between(20, faults.slowest) * attempt);
      try {
        await invoke(target, envelope);
        return;
      } catch {
        // The function failed: it is called again.
      }
    }
  };
  return {
    publish: async (events) => {
      for (const event of events) {
        for (const rule of eventRules) {
          if (!rule.types.includes(event.type) || random.next() < faults.lost) continue;
          const times = random.next() < faults.twice ? 2 : 1;
          for (let time = 0; time < times; time += 1) void deliver(rule.target, eventEnvelope(event));
        }
      }
      return events.map((event) => event.id);
    },
  };
}

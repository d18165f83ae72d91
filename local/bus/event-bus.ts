import { type EventEnvelope, eventEnvelope } from '../../core/events/envelope.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { EventBus } from '../../core/ports/event-bus.ts';
import { eventRules } from '../../core/wiring/event-rules.ts';
import { type EngineFunction, type EventFunctionName, eventFunctions } from '../../core/wiring/flow-functions.ts';
import { type Delivery, DeliveryQueue } from './delivery-queue.ts';

/** A delivery that was given up: what it was, to whom, and why it failed at last. */
export interface DeadLetter {
  readonly rule: string;
  readonly target: EventFunctionName;
  readonly envelope: EventEnvelope;
  readonly attempts: number;
  readonly reason: string;
}

export interface LocalBusOptions {
  /** Calls a function; what it throws is retried. */
  readonly invoke: (functionName: EventFunctionName, payload: EventEnvelope) => Promise<void>;
  readonly clock: Clock;
  /** Told of each failed delivery, with what is going to happen. */
  readonly log: (message: string, detail: Readonly<Record<string, string | number>>) => void;
  /** Told of each delivery that is given up. A delivery stays stored until this returns. */
  readonly deadLetter: (letter: DeadLetter) => Promise<void>;
  /** SQLite file of what is not delivered yet; the default keeps it in memory, for tests. */
  readonly file?: string;
}

export interface LocalBus extends EventBus {
  /** Resolves when nothing waits or is being delivered. */
  idle(): Promise<void>;
  /** Stops delivering, waits for the calls that run, and keeps the rest in the file. */
  close(): Promise<void>;
}

/** Deliveries at once, in all: the machine's own Lambda concurrency. */
const concurrency = 8;

/** Of these, calls of one function: who waits for others' servers leaves room for the rest. */
function mostAtOnce(target: EventFunctionName): number {
  const { mostAtOnce: most = concurrency }: EngineFunction = eventFunctions[target];
  return most;
}

/** Attempts before a delivery is given up, and delays between them in milliseconds: doubled from first to longest. */
const maximumAttempts = 10;
const firstDelay = 200;
const longestDelay = 60_000;

/**
 * The event bus of one machine, with the same rules as EventBridge is given: at least once, in no order, asynchronous.
 * What was accepted is on the disk before publish() answers, and stays there until its target took it or it was handed
 * to the dead-letter sink; opening the file again goes on with it.
 */
export function createLocalBus(options: LocalBusOptions): LocalBus {
  const { invoke, clock, log, deadLetter } = options;
  const queue = new DeliveryQueue(options.file ?? ':memory:');
  const closing = new AbortController();
  const waiting: Delivery[] = [...queue.all()];
  const sleeping = new Set<Promise<void>>();
  const delivering = new Set<Promise<void>>();

  const calls = new Map<EventFunctionName, number>();
  const callsOf = (target: EventFunctionName): number => calls.get(target) ?? 0;

  /** Takes the first that may be delivered now. */
  const takeNext = (): Delivery | undefined => {
    const at = waiting.findIndex(({ target }) => callsOf(target) < mostAtOnce(target));
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  };

  const work = (): void => {
    while (!closing.signal.aborted && delivering.size < concurrency) {
      const delivery = takeNext();
      if (delivery === undefined) return;
      const delivered = deliver(delivery).finally(() => {
        delivering.delete(delivered);
        work();
        if (delivering.size === 0) forgetDone();
      });
      delivering.add(delivered);
    }
  };

  const forgetDone = (): void => {
    try {
      queue.forgetDone();
    } catch (thrown) {
      log('What was delivered stays in the file for now', { reason: String(thrown) });
    }
  };

  const deliver = async (delivery: Delivery): Promise<void> => {
    const { rule, target, envelope } = delivery;
    calls.set(target, callsOf(target) + 1);
    try {
      await invoke(target, envelope).finally(() => calls.set(target, callsOf(target) - 1));
      queue.remove(delivery.id);
    } catch (thrown) {
      const reason = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      await postpone({ ...delivery, attempts: delivery.attempts + 1 }, reason, { rule, target, event: envelope.id });
    }
  };

  const postpone = async (failed: Delivery, reason: string, names: Record<string, string>): Promise<void> => {
    const { attempts, rule, target, envelope } = failed;
    if (attempts >= maximumAttempts) {
      try {
        await deadLetter({ rule, target, envelope, attempts, reason });
        queue.remove(failed.id);
        log('A delivery was given up', { ...names, attempts, reason });
        return;
      } catch (thrown) {
        log('The dead-letter sink refused a delivery', { ...names, reason: String(thrown) });
      }
    } else log('A delivery failed', { ...names, attempts, reason });
    queue.attempted(failed.id, attempts);
    const delay = Math.min(firstDelay * 2 ** (attempts - 1), longestDelay);
    const slept = clock.sleep(delay, closing.signal).then(() => {
      sleeping.delete(slept);
      waiting.push(failed);
      work();
    });
    sleeping.add(slept);
  };

  work();
  return {
    publish: async (events) => {
      closing.signal.throwIfAborted();
      const deliveries = events.flatMap((event) =>
        eventRules
          .filter((rule) => rule.types.includes(event.type))
          .map((rule) => ({ rule: rule.name, target: rule.target, envelope: eventEnvelope(event) })),
      );
      waiting.push(...queue.add(deliveries));
      work();
      return events.map((event) => event.id);
    },
    idle: async () => {
      while (delivering.size > 0 || sleeping.size > 0) {
        await Promise.race([...delivering, ...sleeping]);
      }
    },
    close: async () => {
      if (closing.signal.aborted) return;
      closing.abort(new Error('the bus is closed'));
      await Promise.all([...delivering, ...sleeping]);
      queue.close();
    },
  };
}

import type { EngineEvent } from '../events/event.ts';

/** The event bus: at least once, in no order. */
export interface EventBus {
  /** Answers the ids that were accepted; what is missing must be published again. */
  publish(events: readonly EngineEvent[]): Promise<readonly string[]>;
}

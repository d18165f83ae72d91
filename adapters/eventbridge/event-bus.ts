import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { type EngineEvent, eventSource } from '../../core/events/event.ts';
import type { EventBus } from '../../core/ports/event-bus.ts';
import { serviceFailure } from '../aws/service-failure.ts';

/** PutEvents takes ten entries a call. */
const entriesPerCall = 10;

/**
 * The event bus on EventBridge. The whole event is the entry's `detail`, so that a consumer finds the same members
 * under the same names as on one machine.
 */
export function createEventBus(options: {
  readonly client: EventBridgeClient;
  readonly eventBusName: string;
}): EventBus {
  const entryOf = (event: EngineEvent): PutEventsRequestEntry => ({
    EventBusName: options.eventBusName,
    Source: eventSource,
    DetailType: event.type,
    Time: new Date(event.at),
    Detail: JSON.stringify(event),
  });
  return {
    publish: async (events) => {
      const accepted: string[] = [];
      for (let start = 0; start < events.length; start += entriesPerCall) {
        const batch = events.slice(start, start + entriesPerCall);
        try {
          const answer = await options.client.send(new PutEventsCommand({ Entries: batch.map(entryOf) }));
          // The answer has an entry for each of the call's, in order; one that was refused has no EventId.
          for (const [position, event] of batch.entries()) {
            if (answer.Entries?.[position]?.EventId !== undefined) accepted.push(event.id);
          }
        } catch (error) {
          // What earlier calls delivered is delivered: the caller must not publish it again for this failure.
          if (accepted.length === 0) throw serviceFailure('EventBridge', error);
          return accepted;
        }
      }
      return accepted;
    },
  };
}

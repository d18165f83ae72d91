import type { JsonObject } from '../digest.ts';

/** Catalogue of events, version 1. An event says what became true; its detail names things by id. */
export const eventTypes = [
  'build.submitted',
  'build.queued',
  'build.started',
  'build.stage_completed',
  'build.cancel_requested',
  'build.succeeded',
  'build.failed',
  'build.cancelled',
] as const;
export type EventType = (typeof eventTypes)[number];

/** `source` of every event on the bus. */
export const eventSource = 'linux-builder-engine';

export interface EngineEvent {
  /** Unique and sortable; a consumer's dedupe key. */
  readonly id: string;
  readonly type: EventType;
  readonly version: 1;
  readonly tenantId: string;
  /** ISO 8601 in UTC with milliseconds. */
  readonly at: string;
  readonly detail: JsonObject;
}

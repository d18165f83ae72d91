import { z } from 'zod';
import { jsonObjectSchema } from '../json.ts';

/** Types of events. What each means and tells is in catalogue.ts; it does not compile without an entry for each. */
export const eventTypes = [
  'build.submitted',
  'build.queued',
  'build.started',
  'build.stage_completed',
  'build.cancel_requested',
  'build.succeeded',
  'build.failed',
  'build.cancelled',
  'build.rejected',
  'approval.requested',
  'approval.decided',
  'quota.warning',
  'budget.warning',
  'budget.exceeded',
  'invoice.closed',
  'webhook.disabled',
  'webhook.ping',
  'artifact.expiring',
  'artifact.trashed',
  'artifact.restored',
  'artifact.purged',
  'scan.completed',
  // Of automatic rebuilds: one was submitted, or refused.
  'rebuild.submitted',
  'rebuild.refused',
  // Of a work whose own build left it while others shared it: that one is over, and nothing more is told of it.
  'work.started',
  'work.ended',
  'work.unwanted',
  // Somebody asked for a cleanup.
  'cleanup.requested',
  // Stored builds are to be scanned, or built anew, where that is due; somebody asked for vulnerability data to be read.
  'vulnerabilities.rescan',
  'vulnerabilities.rebuild',
  'vulnerabilities.refresh_requested',
  // What Step Functions told in vain: it is told again by the engine itself (core/dead-letters).
  'work.execution_ended',
  // That a delivery is to be sent again at once.
  'webhook.replayed',
] as const;
export type EventType = (typeof eventTypes)[number];

/** `source` of every event on the bus. */
export const eventSource = 'linux-builder-engine';

/** An event as it is stored and carried; whoever hears of it reads its detail by the catalogue (`readTrigger` does). */
export const engineEventSchema = z.strictObject({
  id: z.string().describe('Unique and sortable; a consumer’s dedupe key.'),
  type: z.enum(eventTypes),
  version: z.literal(1),
  tenantId: z.string(),
  at: z.iso.datetime().describe('ISO 8601 in UTC with milliseconds.'),
  detail: jsonObjectSchema,
});
export type EngineEvent = Readonly<z.infer<typeof engineEventSchema>>;

import { z } from 'zod';
import type { JsonValue } from '../../../core/digest.ts';
import { readTrigger } from '../../../core/events/envelope.ts';
import { cleanOnSchedule } from '../../../core/retention/clean-on-schedule.ts';
import { runCleanup } from '../../../core/retention/cleanup.ts';
import { getCleanup } from '../../../core/retention/cleanup-record.ts';
import type { CleanupPorts } from '../../../core/retention/finding.ts';

const detailSchema = z.looseObject({ cleanupId: z.string(), owner: z.string() });

/**
 * Does a cleanup that was asked for, once its report is there no more; on a schedule's tick, what is due of the
 * installation and of its tenants. Safe to repeat.
 * @throws AggregateError where something failed that nobody foresaw, after all the rest was done and told
 */
export async function handle(ports: CleanupPorts, input: unknown): Promise<JsonValue> {
  const trigger = readTrigger(input);
  if (trigger.kind !== 'event') return { tenants: await cleanOnSchedule(ports) };
  const { cleanupId, owner } = detailSchema.parse(trigger.event.detail);
  const record = await getCleanup(ports.table, owner, cleanupId);
  // What was told twice is done once.
  if (record.state === 'done') return { done: false };
  await runCleanup(ports, record);
  return { done: true };
}

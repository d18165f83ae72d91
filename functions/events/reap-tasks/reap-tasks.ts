import type { JsonValue } from '../../../core/digest.ts';
import { scheduledCleanup } from '../../../core/retention/cleanup.ts';
import { storeReport } from '../../../core/retention/cleanup-record.ts';
import type { CleanupPorts } from '../../../core/retention/finding.ts';
import { lookForInterrupted } from '../../../core/retention/orphans.ts';
import { installationOwner } from '../../../core/retention/places.ts';
import { lookForBuilders } from '../../../core/retention/stuck.ts';
import { doTask, throwAll } from '../../../core/retention/task.ts';

/** What one run finds of each at most: it comes again in five minutes. */
const mostFound = 500;

/** Milliseconds after which it begins with nothing more: half of its minute. */
const removesWithin = 30_000;

/**
 * Ends builders whose build is over or ending, or whose attempt has ended, and finishes removals of bytes that were cut
 * short, for which builds may wait; where there are some, a report tells it. Safe to repeat.
 * @throws AggregateError where something failed that nobody foresaw, after all the rest was done and told
 */
export async function handle(ports: CleanupPorts, _input: unknown): Promise<JsonValue> {
  const startedAt = ports.clock.now();
  const context = { now: startedAt, most: mostFound };
  const options = { dryRun: false, until: () => new Date(startedAt.getTime() + removesWithin) };
  const builders = await doTask(ports, 'builders', () => lookForBuilders(ports, context), options);
  const objects = await doTask(ports, 'objects', () => lookForInterrupted(ports, context), options);
  const done = [builders, objects].filter(({ counts }) => counts.found > 0 || counts.failed > 0);
  if (done.length > 0) {
    const tasks = done.map(({ counts }) => counts.task);
    await storeReport(ports, scheduledCleanup(ports, installationOwner, tasks), {
      ...{ counts: done.map(({ counts }) => counts), entries: done.flatMap(({ entries }) => entries), startedAt },
    });
  }
  throwAll([...builders.errors, ...objects.errors]);
  return { reaped: builders.counts.removed, removed: objects.counts.removed };
}

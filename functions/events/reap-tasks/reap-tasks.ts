import type { JsonValue } from '../../../core/digest.ts';
import { runCleanup, scheduledCleanup } from '../../../core/retention/cleanup.ts';
import type { CleanupPorts } from '../../../core/retention/finding.ts';
import { installationOwner } from '../../../core/retention/places.ts';

/** Ends builders whose build is over or ending, or whose attempt has ended; where there are some, a report tells it. */
export async function handle(ports: CleanupPorts, _input: unknown): Promise<JsonValue> {
  const report = await runCleanup(ports, scheduledCleanup(ports, installationOwner, ['builders']), false);
  return { reaped: report?.counts[0]?.removed ?? 0 };
}

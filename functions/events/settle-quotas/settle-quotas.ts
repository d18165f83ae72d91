import { findBuild } from '../../../core/builds/build-repository.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { buildOf } from '../../../core/events/subject.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import type { QuotaPorts } from '../../../core/quota/owner-quotas.ts';
import { settleLeases } from '../../../core/quota/settlement.ts';
import { sweepQuotas } from '../../../core/quota/sweep.ts';
import { warnOwners } from '../../../core/quota/warning.ts';

/**
 * Counts what a build that has ended came to, once, and warns who has used most of a quota; on a schedule's tick, what
 * events did not tell, and counters that are not the sum of their leases. Safe to repeat.
 */
export async function handle(ports: Pick<Ports, 'clock' | 'ids'> & QuotaPorts, input: unknown): Promise<JsonValue> {
  const buildId = buildOf(input);
  if (buildId === undefined) return toJsonObject(await sweepQuotas(ports));
  const settled = await settleLeases(ports.table, buildId);
  const build = (await findBuild(ports.table, buildId))?.value;
  if (build !== undefined) await warnOwners(ports, build);
  return { settled: settled ? 1 : 0 };
}

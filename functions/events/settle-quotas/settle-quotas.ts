import type { JsonValue } from '../../../core/digest.ts';
import { buildOf } from '../../../core/events/subject.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { settleLeases } from '../../../core/quota/settlement.ts';
import { sweepQuotas } from '../../../core/quota/sweep.ts';

/**
 * Counts what a build that has ended came to, once; on a schedule's tick, what events did not tell, and counters that are
 * not the sum of their leases. Safe to repeat.
 */
export async function handle(ports: Pick<Ports, 'table' | 'clock'>, input: unknown): Promise<JsonValue> {
  const buildId = buildOf(input);
  if (buildId === undefined) return toJsonObject(await sweepQuotas(ports));
  return { settled: (await settleLeases(ports.table, buildId)) ? 1 : 0 };
}

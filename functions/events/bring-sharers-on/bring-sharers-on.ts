import type { JsonValue } from '../../../core/digest.ts';
import { buildOf } from '../../../core/events/subject.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { bringSharersOn, sweepSharers } from '../../../core/sharing/follow.ts';

/**
 * When a build's work starts or ends, the builds that share it do; on a schedule's tick those are mended whose event
 * was lost. Safe to repeat.
 */
export async function handle(ports: Pick<Ports, 'table' | 'clock' | 'ids'>, input: unknown): Promise<JsonValue> {
  const workId = buildOf(input);
  if (workId === undefined) return { mended: await sweepSharers(ports) };
  return { sharers: await bringSharersOn(ports, workId) };
}

import { foldFacts } from '../../../core/analytics/fold-facts.ts';
import { takeFacts, takeLate } from '../../../core/analytics/take-facts.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { buildOf } from '../../../core/events/subject.ts';
import type { Ports } from '../../../core/ports/ports.ts';

/** Takes down the facts of a build that has ended; on a schedule's tick, those of late ones, and folds what was taken into rollups. */
export async function handle(ports: Pick<Ports, 'table' | 'clock'>, input: unknown): Promise<JsonValue> {
  const buildId = buildOf(input);
  if (buildId !== undefined) return { taken: (await takeFacts(ports, buildId)) === 'taken' ? 1 : 0 };
  return { taken: await takeLate(ports), folded: await foldFacts(ports) };
}

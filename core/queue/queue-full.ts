import { EngineError } from '../errors.ts';
import { type OutlookPorts, readOutlook } from './queue-outlook.ts';

/** Fewest and most seconds after which a caller is told to try again. */
const soonest = 5;
const latest = 3_600;
/** Where nobody can tell: all that wait are being planned, or wait for an approval. */
const unknown = 60;

/**
 * The refusal of a build for which there is no place in the queue, with the time of the next start that makes one.
 * @param whose bound is reached
 */
export async function queueFull(
  ports: OutlookPorts,
  tenantId: string,
  whose: 'installation' | 'tenant',
  bound: number,
): Promise<EngineError> {
  const { at, builds } = await readOutlook(ports);
  let next: number | undefined;
  for (const outlook of builds.values()) {
    if (whose === 'tenant' && outlook.tenantId !== tenantId) continue;
    next = Math.min(next ?? outlook.startsAt, outlook.startsAt);
  }
  const seconds = next === undefined ? unknown : Math.ceil((next - at) / 1_000);
  const waiting =
    whose === 'tenant' ? `${bound} builds of the tenant wait` : `${bound} builds of the installation wait`;
  return new EngineError('queue.full', `${waiting}, which is as many as may.`, {
    retryAfterSeconds: Math.min(latest, Math.max(soonest, seconds)),
  });
}

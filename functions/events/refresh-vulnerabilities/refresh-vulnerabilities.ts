import type { JsonValue } from '../../../core/digest.ts';
import { readTrigger } from '../../../core/events/envelope.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { refreshData } from '../../../core/vulnerabilities/refresh.ts';

type RefreshPorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids' | 'vulnerabilityMirror'>;

/**
 * Takes over what the mirror of vulnerability data has, on a schedule and where somebody asks for it. Safe to repeat.
 * @throws EngineError on the schedule, where the mirror has nothing that can be taken over: so an operator is told. The
 * data that there was stays in use, and its state says why.
 */
export async function handle(ports: RefreshPorts, input: unknown): Promise<JsonValue> {
  const { kind } = readTrigger(input);
  const refreshed = await refreshData(ports);
  if (refreshed.outcome !== 'refused') return { outcome: refreshed.outcome };
  // Who asked for it reads the state; a second try would find the same.
  if (kind === 'schedule') throw refreshed.error;
  return { outcome: 'refused', code: refreshed.error.code };
}

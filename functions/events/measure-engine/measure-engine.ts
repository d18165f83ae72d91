import type { JsonValue } from '../../../core/digest.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { readGauges } from '../../../core/telemetry/gauges.ts';
import type { GaugeName } from '../../../core/wiring/metric-catalogue.ts';

/** Measures how the installation stands: what alarms watch that nothing which happens would tell. */
export async function handle(
  ports: Pick<Ports, 'table' | 'clock' | 'metrics' | 'vulnerabilityMirror'>,
  _input: unknown,
): Promise<JsonValue> {
  const gauges = await readGauges(ports);
  for (const [name, value] of Object.entries(gauges) as [GaugeName, number][]) ports.metrics?.set(name, {}, value);
  return { ...gauges };
}

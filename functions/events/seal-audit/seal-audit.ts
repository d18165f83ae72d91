import { type SealPorts, sealAudit } from '../../../core/audit/sealer.ts';
import type { JsonValue } from '../../../core/digest.ts';

/** Chains what was written down since the last run, and anchors the heads of the chains outside the table. */
export async function handle(ports: SealPorts, _input: unknown): Promise<JsonValue> {
  return { sealed: await sealAudit(ports) };
}

import { firstTenant } from '../../../core/access/first-key.ts';
import { warmPreset } from '../../../core/cache/warming.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { readMaintenance } from '../../../core/maintenance/maintenance.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { buildablePresets } from '../../shared/presets.ts';

type WarmPorts = Pick<Ports, 'table' | 'clock' | 'ids' | 'archive' | 'installation'>;

/**
 * Builds what each preset shares with all other builds, ahead of need, where the archive's state or the builders have
 * changed since that was done last. The builds are the operator's: of the tenant that the installation's first key was
 * made for. Where there is none yet there is nobody to warm for.
 */
export async function handle(ports: WarmPorts, _input: unknown): Promise<JsonValue> {
  if (!ports.installation.warmsPresets) return { started: [] };
  if ((await readMaintenance(ports.table)) !== undefined) return { started: [] };
  const tenantId = await firstTenant(ports.table);
  if (tenantId === undefined) return { started: [] };
  const started: string[] = [];
  const away: string[] = [];
  for (const { name, spec } of buildablePresets(ports.installation)) {
    try {
      const { lastReadAt, suites } = await ports.archive.state(spec.base.release, spec.base.architecture);
      if (lastReadAt !== undefined) {
        away.push(name);
        continue;
      }
      const state = { archive: { suites }, toolchain: ports.installation.toolchain };
      const build = await warmPreset(ports, tenantId, { name, spec }, state);
      if (build !== undefined) started.push(build.id);
    } catch (error) {
      // The archive's failure: its next state is warmed when it answers again.
      if (!(error instanceof EngineError) || !error.code.startsWith('archive.')) throw error;
      away.push(name);
    }
  }
  return { started, away };
}

import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { updateBuild } from '../../../core/builds/build-repository.ts';
import { storedSpec } from '../../../core/builds/resume.ts';
import { EngineError } from '../../../core/errors.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { type PlanContext, previewOf } from '../../../core/plan/preview.ts';
import type { HookInput } from '../../../core/plugins/contracts.ts';
import { type PolicyVerdict, planPolicy } from '../../../core/plugins/plan-policy.ts';
import { planSummaryOf } from '../../../core/plugins/plan-summary.ts';
import type { EnabledPlugin } from '../../../core/plugins/plugin-record.ts';
import { enabledPlugins, loadPlugins } from '../../../core/plugins/plugin-repository.ts';
import { type BuildPlugins, countsOf, runWrites } from '../../../core/plugins/stored-runs.ts';
import { type HookPorts, hasHook, togetherUntil, withinTime } from '../../../core/plugins/submitted.ts';
import type { Table } from '../../../core/ports/table.ts';

/** Characters of a reason that a failure shows. */
const shownReason = 2_000;

/** Those that may be asked of a build's plan: nobody of what is built ahead of need for all tenants. */
export const pluginsFor = async (table: Table, build: BuildRecord): Promise<readonly EnabledPlugin[]> =>
  build.purpose === 'warm' ? [] : enabledPlugins(table, build.tenantId);

/**
 * Has the tenant's plugins judge a plan, and stores their runs.
 * @param enabled as pluginsFor has them
 * @returns what the build says of plugins from now on; undefined where none was asked
 * @throws EngineError plugin.denied, plugin.failed, plugin.time_exceeded; service.unavailable
 */
export async function askPlugins(
  ports: HookPorts,
  build: BuildRecord,
  plan: Plan,
  figures: Pick<PlanContext, 'cached' | 'history'>,
  enabled: readonly EnabledPlugin[],
): Promise<BuildPlugins | undefined> {
  const { id, tenantId } = build;
  if (!hasHook(enabled, 'planPolicy')) return undefined;
  const plugins = await loadPlugins(ports.table, tenantId, enabled, ['planPolicy']);
  const spec = toJsonObject(await storedSpec(ports.table, build.verifies ?? id));
  const subject = {
    ...planSummaryOf(previewOf(plan, build.name, figures, { svg: false }), plan),
    ...{ spec, context: contextOf(build) },
  };
  const { signal } = new AbortController();
  const asked = { tenantId, buildId: id, seed: id, signal, until: togetherUntil(ports) };
  const { decision, because, records } = await withinTime(ports, asked, (runs) => planPolicy(runs, plugins, subject));
  const said: BuildPlugins = {
    ...(build.plugins ?? { runs: 0, failed: 0 }),
    planned: countsOf(records),
    ...(decision === 'require-approval'
      ? { approval: because.map(({ plugin: name, version }) => ({ name, version })) }
      : {}),
  };
  // Stored first, so that they stand with the build whatever becomes of it.
  await updateBuild(ports.table, id, (current) =>
    current.state === 'planning'
      ? { build: { ...current, plugins: said }, writes: runWrites(id, '2', records, ports.clock.now()) }
      : undefined,
  );
  if (decision === 'deny') throw denial(because);
  return said;
}

/** Why a plan is not built: a plugin does not want it, or failed at saying so. */
function denial(because: readonly PolicyVerdict[]): EngineError {
  const text = because.map(({ plugin, reason }) => `${plugin}: ${reason}`).join('; ');
  const code = because.every(({ failed }) => failed === true) ? 'plugin.failed' : 'plugin.denied';
  return new EngineError(code, text.slice(0, shownReason));
}

function contextOf({
  id,
  tenantId,
  memberId,
  teamId,
  template,
  purpose,
}: BuildRecord): HookInput<'planPolicy'>['context'] {
  return {
    ...{ tenantId, buildId: id },
    ...(memberId === undefined ? {} : { memberId }),
    ...(teamId === undefined ? {} : { teamId }),
    ...(template === undefined ? {} : { template }),
    ...(purpose === undefined ? {} : { purpose }),
  };
}

import type { JsonObject } from '../digest.ts';
import type { FieldError } from '../errors.ts';
import { changedPaths } from './changed-paths.ts';
import { hookContracts, type PluginContext } from './contracts.ts';
import { inOrder, type Plugin } from './declaration.ts';
import { pluginLimits } from './limits.ts';
import { type FailedRun, failedAfter, type PluginRuns, runHook } from './run-hook.ts';
import type { PluginRunRecord } from './run-record.ts';

/** What has become of a spec. `stoppedBy`: a plugin failed that says that nothing may go on without it. */
export type TransformedSpec = { readonly records: readonly PluginRunRecord[] } & (
  | { readonly ok: true; readonly spec: JsonObject }
  | { readonly ok: false; readonly stoppedBy: FailedRun }
);

/**
 * Has the plugins change a spec, one after another: each gets what the one before has made of it. What a plugin returns
 * is taken only if the checks find nothing in it that they did not find before; else the plugin has failed. A spec that
 * is not yet whole may so be completed by several.
 * @param checkSpec the engine's own checks: what is wrong with a spec
 * @throws EngineError service.unavailable; the signal's reason
 */
export async function transformSpec(
  runs: PluginRuns,
  plugins: readonly Plugin[],
  subject: { readonly spec: JsonObject; readonly context: PluginContext },
  checkSpec: (spec: JsonObject) => readonly FieldError[],
): Promise<TransformedSpec> {
  const records: PluginRunRecord[] = [];
  const { context } = subject;
  let { spec } = subject;
  let known: ReadonlySet<string> | undefined;
  for (const plugin of inOrder(plugins, 'transformSpec')) {
    known ??= identitiesOf(checkSpec(spec));
    const run = await runHook(runs, plugin, 'transformSpec', { spec, context }, hookContracts.transformSpec.output);
    const failed = run.ok ? undefined : run.record;
    const errors = run.ok ? checkSpec(run.output.spec) : [];
    const added = errors.find((error) => known?.has(identityOf(error)) !== true);
    if (run.ok && added === undefined) {
      const changed = changedPaths(spec, run.output.spec, pluginLimits.changedPaths.value);
      records.push({ ...run.record, changed: { paths: [...changed.paths], more: changed.more } });
      ({ spec } = run.output);
      known = identitiesOf(errors);
      continue;
    }
    const record = failed ?? failedAfter(run.record, 'plugin.output', faultOf(added));
    records.push(record);
    if (plugin.onFailure === 'fail-closed') return { ok: false, stoppedBy: record, records };
  }
  return { ok: true, spec, records };
}

const identityOf = ({ path, code }: FieldError): string => `${code} ${path}`;
const identitiesOf = (errors: readonly FieldError[]): Set<string> => new Set(errors.map(identityOf));

const faultOf = (error: FieldError | undefined): string =>
  `the spec that it returned is not valid: ${error?.path || 'as a whole'}: ${error?.reason ?? ''}`;

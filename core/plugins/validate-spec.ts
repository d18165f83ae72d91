import type { JsonObject } from '../digest.ts';
import type { FieldError } from '../errors.ts';
import { hookContracts, type PluginContext } from './contracts.ts';
import { inOrder, type Plugin } from './declaration.ts';
import { pluginFailures } from './failures.ts';
import { pluginLimits } from './limits.ts';
import { type PluginRuns, runHook } from './run-hook.ts';
import type { PluginRunRecord } from './run-record.ts';

/** Codes of errors of a spec that plugins are the reason of. */
export const pluginErrorCodes = {
  'plugin.refused': 'A plugin of the tenant finds something wrong with the spec.',
  'plugin.failed': 'A plugin failed that says that nothing is built without it.',
} as const;

/**
 * Has all plugins judge a spec that the engine's own checks have found valid. One that fails and is fail-closed is an
 * error of the spec too.
 * @throws EngineError service.unavailable; the signal's reason
 */
export async function validateSpec(
  runs: PluginRuns,
  plugins: readonly Plugin[],
  subject: { readonly spec: JsonObject; readonly context: PluginContext },
): Promise<{ readonly errors: readonly FieldError[]; readonly records: readonly PluginRunRecord[] }> {
  const records: PluginRunRecord[] = [];
  const errors: FieldError[] = [];
  for (const plugin of inOrder(plugins, 'validateSpec')) {
    const run = await runHook(runs, plugin, 'validateSpec', subject, hookContracts.validateSpec.output);
    if (run.ok) {
      const found = run.output.errors;
      records.push({ ...run.record, found: found.length });
      errors.push(
        ...found.map(({ path, reason, remedy }) => ({
          ...{ path, code: 'plugin.refused', reason: `${reason} (plugin ${plugin.name})`, remedy },
        })),
      );
    } else {
      records.push(run.record);
      if (plugin.onFailure === 'fail-closed') errors.push(failureError(run.record));
    }
  }
  // As many as an answer holds; each plugin's own count stands in its record.
  return { errors: errors.slice(0, pluginLimits.errors.value), records };
}

/** What stops a spec where a plugin has failed, as an error of the spec. */
export function failureError({
  plugin,
  version,
  hook,
  code,
  reason,
}: Pick<PluginRunRecord, 'plugin' | 'version' | 'hook'> & {
  readonly code: keyof typeof pluginFailures;
  readonly reason: string;
}): FieldError {
  return {
    path: '',
    code: 'plugin.failed',
    reason: `${hook} of the plugin ${plugin}, version ${version}, failed (${code}): ${reason}`,
    remedy: `${pluginFailures[code].remedy} Or disable the plugin.`,
  };
}

import { pluginLimits } from '../../../core/plugins/limits.ts';
import type { PluginCall, PluginLimits } from '../../../core/ports/plugin-runner.ts';

/** The limits that plugins have. */
export const realLimits: PluginLimits = {
  cpuMilliseconds: pluginLimits.cpuMilliseconds.value,
  wallMilliseconds: pluginLimits.wallMilliseconds.value,
  memoryBytes: pluginLimits.memoryBytes.value,
  stackBytes: pluginLimits.stackBytes.value,
  inputBytes: pluginLimits.inputBytes.value,
  outputBytes: pluginLimits.outputBytes.value,
  outputDepth: pluginLimits.outputDepth.value,
  logBytes: pluginLimits.logBytes.value,
  logLines: pluginLimits.logLines.value,
  fetches: pluginLimits.fetches.value,
};

/** A call of transformSpec, but for what is said. */
export function callOf(code: string, given: Partial<PluginCall> = {}): PluginCall {
  return {
    ...{
      tenantId: 'ten_1',
      code,
      hook: 'transformSpec',
      input: { spec: { name: 'one' } },
      limits: realLimits,
      grants: { fetchHosts: [] },
    },
    ...given,
  };
}

/** A call whose limits are the real ones, but for what is said. */
export const limited = (code: string, limits: Partial<PluginLimits>): PluginCall =>
  callOf(code, { limits: { ...realLimits, ...limits } });

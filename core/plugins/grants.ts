import { sha256 } from '../digest.ts';
import type { PluginGrants, PluginLimits } from '../ports/plugin-runner.ts';
import type { Plugin } from './declaration.ts';
import type { PluginHook } from './hooks.ts';
import { pluginLimits } from './limits.ts';

/** What a build's plugins know of chance and time: the same for the same build, whenever and wherever they run. */
export interface Moment {
  /** ISO 8601. */
  readonly now: string;
  /** Such as the build's id. */
  readonly seed: string;
}

/** What a run has: what the plugin wants, as far as it was granted. */
export function grantsOf(
  { name, wants, granted }: Pick<Plugin, 'name' | 'wants' | 'granted'>,
  hook: PluginHook,
  { now, seed }: Moment,
): PluginGrants {
  return {
    ...(wants.clock && granted.clock ? { clock: now } : {}),
    // No plugin can tell from its numbers those of another.
    ...(wants.random && granted.random ? { randomSeed: sha256(JSON.stringify([seed, name, hook])) } : {}),
    fetchHosts: wants.fetch.filter((host) => granted.fetch.includes(host)),
  };
}

/** What a run may take. */
export function limitsOf({ timeoutMilliseconds }: Pick<Plugin, 'timeoutMilliseconds'>): PluginLimits {
  const { wallMilliseconds, memoryBytes, stackBytes, inputBytes, outputBytes, outputDepth } = pluginLimits;
  const { logBytes, logLines, fetches } = pluginLimits;
  return {
    cpuMilliseconds: timeoutMilliseconds,
    wallMilliseconds: wallMilliseconds.value,
    memoryBytes: memoryBytes.value,
    stackBytes: stackBytes.value,
    inputBytes: inputBytes.value,
    outputBytes: outputBytes.value,
    outputDepth: outputDepth.value,
    logBytes: logBytes.value,
    logLines: logLines.value,
    fetches: fetches.value,
  };
}

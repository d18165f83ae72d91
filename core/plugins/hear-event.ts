import type { EngineEvent } from '../events/event.ts';
import { takes } from '../webhooks/endpoint.ts';
import { hookContracts } from './contracts.ts';
import { inOrder, type Plugin } from './declaration.ts';
import { type PluginRuns, runHook } from './run-hook.ts';
import type { PluginRunRecord } from './run-record.ts';

/**
 * Tells an event to the plugins that hear its type. It has happened, so nothing can be stopped any more: one that fails is
 * recorded, fail-closed or not.
 * @throws EngineError service.unavailable; the signal's reason
 */
export async function hearEvent(
  runs: PluginRuns,
  plugins: readonly Plugin[],
  event: EngineEvent,
): Promise<readonly PluginRunRecord[]> {
  const records: PluginRunRecord[] = [];
  for (const plugin of inOrder(plugins, 'onEvent')) {
    if (plugin.events?.some((entry) => takes(entry, event.type)) !== true) continue;
    const run = await runHook(runs, plugin, 'onEvent', { event }, hookContracts.onEvent.output);
    records.push(run.record);
  }
  return records;
}

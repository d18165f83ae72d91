import { type HookInput, hookContracts, type PolicyDecision, policyDecisions } from './contracts.ts';
import { inOrder, type Plugin } from './declaration.ts';
import { type PluginRuns, runHook } from './run-hook.ts';
import type { PluginRunRecord } from './run-record.ts';

/** What a plugin decided of a plan, or its failing did. */
export interface PolicyVerdict {
  readonly plugin: string;
  readonly version: number;
  readonly decision: PolicyDecision;
  readonly reason: string;
  /** It decided nothing: it failed, and is fail-closed. */
  readonly failed?: true;
}

/**
 * Has all plugins judge a plan. The strictest decision holds, whatever the order; one that fails and is fail-closed
 * denies.
 * @returns the decision, and who is the reason of it: nobody where it is to allow
 * @throws EngineError service.unavailable; the signal's reason
 */
export async function planPolicy(
  runs: PluginRuns,
  plugins: readonly Plugin[],
  subject: HookInput<'planPolicy'>,
): Promise<{
  readonly decision: PolicyDecision;
  readonly because: readonly PolicyVerdict[];
  readonly records: readonly PluginRunRecord[];
}> {
  const records: PluginRunRecord[] = [];
  const verdicts: PolicyVerdict[] = [];
  for (const plugin of inOrder(plugins, 'planPolicy')) {
    const by = { plugin: plugin.name, version: plugin.version };
    const run = await runHook(runs, plugin, 'planPolicy', subject, hookContracts.planPolicy.output);
    if (run.ok) {
      const { decision, reason } = run.output;
      records.push({ ...run.record, decision, ...(reason === '' ? {} : { decisionReason: reason }) });
      verdicts.push({ ...by, decision, reason });
    } else {
      records.push(run.record);
      if (plugin.onFailure === 'fail-closed') {
        const reason = `the plugin failed (${run.record.code}): ${run.record.reason}`;
        verdicts.push({ ...by, decision: 'deny', reason, failed: true });
      }
    }
  }
  const decision = strictest(verdicts);
  const because = decision === 'allow' ? [] : verdicts.filter((verdict) => verdict.decision === decision);
  return { decision, because, records };
}

const strictest = (verdicts: readonly PolicyVerdict[]): PolicyDecision =>
  policyDecisions.findLast((decision) => verdicts.some((verdict) => verdict.decision === decision)) ?? 'allow';

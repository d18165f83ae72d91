import type { Warning } from '../../../core/builds/warning.ts';
import { EngineError } from '../../../core/errors.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import type { PlanPreview } from '../../../core/plan/preview.ts';
import { planSummaryOf } from '../../../core/plugins/plan-summary.ts';
import { planPolicyView } from '../../../core/plugins/policy-view.ts';
import { failureWarnings, type HookPorts, hasHook, planJudged } from '../../../core/plugins/submitted.ts';
import type { PlannedSpec } from '../specs/checked-spec.ts';

/**
 * What the tenant's plugins decide of a plan that is looked at. A refusal is shown, and no error: whoever looks wants to
 * see the plan. They have what those of the spec have left of their time, as the answer must come; where that is not
 * enough there is no decision, and a warning in its place. A build's plan has a time of its own.
 * @throws EngineError plugin.unsupported, service.unavailable
 */
export async function previewPolicy(
  ports: HookPorts,
  { spec, enabled, asked }: PlannedSpec,
  plan: Plan,
  preview: PlanPreview,
): Promise<{ readonly decided: Pick<PlanPreview, 'policy'>; readonly warnings: readonly Warning[] }> {
  if (!hasHook(enabled, 'planPolicy')) return { decided: {}, warnings: [] };
  const subject = { ...planSummaryOf(preview, plan), spec: toJsonObject(spec) };
  try {
    const { decision, because, records } = await planJudged(ports, enabled, asked, subject);
    return { decided: { policy: planPolicyView(decision, because) }, warnings: failureWarnings(records) };
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'plugin.time_exceeded') throw error;
    const message = 'The plugins that judge plans did not end in time: what they decide is not known.';
    return { decided: {}, warnings: [{ code: error.code, message }] };
  }
}

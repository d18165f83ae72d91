import { z } from 'zod';
import { policyDecisions } from './contracts.ts';
import { pluginNameSchema } from './declaration.ts';
import type { PolicyVerdict } from './plan-policy.ts';

/** What plugins decide of a plan that is only looked at. */
export const planPolicySchema = z
  .strictObject({
    decision: z
      .enum(policyDecisions)
      .describe('Of a build of it now: allow, it goes on; require-approval, it waits; deny, it ends.'),
    because: z
      .array(
        z.strictObject({
          plugin: pluginNameSchema,
          version: z.number().int().min(1),
          reason: z.string(),
          failed: z.literal(true).exactOptional().describe('It decided nothing: it failed, and is fail-closed.'),
        }),
      )
      .describe('The plugins that the decision is of; none where it is to allow.'),
  })
  .meta({ id: 'PlanPolicy' });
export type PlanPolicyView = z.infer<typeof planPolicySchema>;

export const planPolicyView = (
  decision: PlanPolicyView['decision'],
  because: readonly PolicyVerdict[],
): PlanPolicyView => ({
  decision,
  because: because.map(({ plugin, version, reason, failed }) => ({
    ...{ plugin, version, reason },
    ...(failed === undefined ? {} : { failed }),
  })),
});

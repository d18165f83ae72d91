import { z } from 'zod';
import { policyNameSchema } from '../../../core/approvals/policy.ts';
import { removePolicy } from '../../../core/approvals/policy-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const removeApprovalPolicy = defineOperation({
  id: 'removeApprovalPolicy',
  method: 'DELETE',
  path: '/v1/approval-policies/{name}',
  summary: 'Remove a policy of approval; builds that wait for it alone go on',
  access: { kind: 'permission', permission: 'approvals:manage' },
  params: z.strictObject({ name: policyNameSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'ApprovalPolicyRemoval' }),
  status: 200,
  errors: ['approval.policy_not_found'],
  async handle(ports, { params, context }) {
    await removePolicy(ports, principalOf(context), params.name);
    return { body: { removed: true as const } };
  },
});

import { z } from 'zod';
import { policyNameSchema } from '../../../core/approvals/policy.ts';
import { getPolicy } from '../../../core/approvals/policy-repository.ts';
import { policyView, policyViewSchema } from '../../../core/approvals/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readApprovalPolicy = defineOperation({
  id: 'readApprovalPolicy',
  method: 'GET',
  path: '/v1/approval-policies/{name}',
  summary: 'A policy of approval',
  access: { kind: 'permission', permission: 'approvals:read' },
  params: z.strictObject({ name: policyNameSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: policyViewSchema,
  status: 200,
  errors: ['approval.policy_not_found'],
  async handle({ table }, { params, context }) {
    return { body: policyView(await getPolicy(table, principalOf(context).tenantId, params.name)) };
  },
});

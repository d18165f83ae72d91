import { z } from 'zod';
import { listPolicies } from '../../../core/approvals/policy-repository.ts';
import { policyView, policyViewSchema } from '../../../core/approvals/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listApprovalPolicies = defineOperation({
  id: 'listApprovalPolicies',
  method: 'GET',
  path: '/v1/approval-policies',
  summary: 'What must be approved, and by whom: the tenant’s policies by name',
  access: { kind: 'permission', permission: 'approvals:read' },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z
    .strictObject({ policies: z.array(policyViewSchema), cursor: nextCursor })
    .meta({ id: 'ApprovalPolicyList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation }, { query, context }) {
    const { tenantId } = principalOf(context);
    const scope = ['listApprovalPolicies', tenantId];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      listPolicies(table, tenantId, at),
    );
    return { body: { policies: page.policies.map(policyView), ...next } };
  },
});

import { z } from 'zod';
import { retentionPolicyNameSchema } from '../../../core/retention/policy.ts';
import { getRetentionPolicy } from '../../../core/retention/policy-repository.ts';
import { retentionPolicyView, retentionPolicyViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readRetentionPolicy = defineOperation({
  id: 'readRetentionPolicy',
  method: 'GET',
  path: '/v1/retention/policies/{name}',
  summary: 'A policy of retention',
  access: { kind: 'permission', permission: 'retention:read' },
  params: z.strictObject({ name: retentionPolicyNameSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: retentionPolicyViewSchema,
  status: 200,
  errors: ['retention.policy_not_found'],
  async handle({ table }, { params, context }) {
    const { tenantId } = principalOf(context);
    return { body: retentionPolicyView(await getRetentionPolicy(table, tenantId, params.name)) };
  },
});

import { z } from 'zod';
import { retentionPolicyNameSchema } from '../../../core/retention/policy.ts';
import { removeRetentionPolicy as remove } from '../../../core/retention/policy-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const removeRetentionPolicy = defineOperation({
  id: 'removeRetentionPolicy',
  method: 'DELETE',
  path: '/v1/retention/policies/{name}',
  summary: 'Remove a policy of retention; what it put into the trash stays there',
  access: { kind: 'permission', permission: 'retention:write' },
  params: z.strictObject({ name: retentionPolicyNameSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'RetentionPolicyRemoval' }),
  status: 200,
  errors: ['retention.policy_not_found'],
  async handle(ports, { params, context }) {
    await remove(ports, principalOf(context), params.name);
    return { body: { removed: true as const } };
  },
});

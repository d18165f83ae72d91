import { z } from 'zod';
import { listRetentionPolicies as readPolicies } from '../../../core/retention/policy-repository.ts';
import { retentionPolicyView, retentionPolicyViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listRetentionPolicies = defineOperation({
  id: 'listRetentionPolicies',
  method: 'GET',
  path: '/v1/retention/policies',
  summary: 'What is kept for how long: the tenant’s policies by name',
  access: { kind: 'permission', permission: 'retention:read' },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z
    .strictObject({ policies: z.array(retentionPolicyViewSchema), cursor: nextCursor })
    .meta({ id: 'RetentionPolicyList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation }, { query, context }) {
    const { tenantId } = principalOf(context);
    const scope = ['listRetentionPolicies', tenantId];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      readPolicies(table, tenantId, at),
    );
    return { body: { policies: page.policies.map(retentionPolicyView), ...next } };
  },
});

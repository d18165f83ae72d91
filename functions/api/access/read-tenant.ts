import { z } from 'zod';
import { tenantView, tenantViewSchema } from '../../../core/access/views.ts';
import { getTenant } from '../../../core/tenancy/tenant.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readTenant = defineOperation({
  id: 'readTenant',
  method: 'GET',
  path: '/v1/tenant',
  summary: 'The tenant of the key that calls',
  access: { kind: 'permission', permission: 'tenant:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: tenantViewSchema,
  status: 200,
  errors: [],
  async handle({ table }, { context }) {
    return { body: tenantView(await getTenant(table, principalOf(context).tenantId)) };
  },
});

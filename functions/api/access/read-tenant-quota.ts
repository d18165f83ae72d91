import { z } from 'zod';
import { quotasViewSchema, tenantQuotas } from '../../../core/quota/quota-view.ts';
import { needTenant } from '../../../core/tenancy/tenant.ts';
import { defineOperation } from '../../shared/operation.ts';
import { tenantParams } from './tenant-params.ts';

export const readTenantQuota = defineOperation({
  id: 'readTenantQuota',
  method: 'GET',
  path: '/v1/tenants/{tenantId}/quota',
  summary: 'The quotas of any tenant, for the operator',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: tenantParams,
  query: z.strictObject({}),
  body: undefined,
  response: quotasViewSchema,
  status: 200,
  errors: ['tenant.not_found'],
  async handle(ports, { params }) {
    await needTenant(ports.table, params.tenantId);
    return { body: await tenantQuotas(ports, params.tenantId) };
  },
});

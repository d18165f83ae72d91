import { z } from 'zod';
import { readTenantShare as read, tenantShareSchema } from '../../../core/queue/tenant-share.ts';
import { defineOperation } from '../../shared/operation.ts';
import { tenantParams } from './tenant-params.ts';

export const readTenantShare = defineOperation({
  id: 'readTenantShare',
  method: 'GET',
  path: '/v1/tenants/{tenantId}/share',
  summary: 'A tenant’s share of the builds that run at once',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: tenantParams,
  query: z.strictObject({}),
  body: undefined,
  response: tenantShareSchema,
  status: 200,
  errors: ['tenant.not_found'],
  async handle({ table }, { params }) {
    return { body: await read(table, params.tenantId) };
  },
});

import { z } from 'zod';
import { weightSchema } from '../../../core/queue/share-repository.ts';
import { setTenantShare as set, tenantShareSchema } from '../../../core/queue/tenant-share.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { tenantParams } from './tenant-params.ts';

export const setTenantShare = defineOperation({
  id: 'setTenantShare',
  method: 'PUT',
  path: '/v1/tenants/{tenantId}/share',
  summary: 'Give a tenant a weight among all that want to build',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: tenantParams,
  query: z.strictObject({}),
  body: z.strictObject({ weight: weightSchema }),
  response: tenantShareSchema,
  status: 200,
  errors: ['tenant.not_found'],
  async handle(ports, { params, body, context }) {
    return { body: await set(ports, principalOf(context), params.tenantId, body.weight) };
  },
});

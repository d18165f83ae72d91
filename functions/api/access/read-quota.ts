import { z } from 'zod';
import { quotasViewSchema, tenantQuotas } from '../../../core/quota/quota-view.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readQuota = defineOperation({
  id: 'readQuota',
  method: 'GET',
  path: '/v1/quota',
  summary: 'The tenant’s quotas: what there may be, what is used, when that frees',
  access: { kind: 'permission', permission: 'quota:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: quotasViewSchema,
  status: 200,
  errors: [],
  async handle(ports, { context }) {
    return { body: await tenantQuotas(ports, principalOf(context).tenantId) };
  },
});

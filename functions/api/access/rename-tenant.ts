import { z } from 'zod';
import { tenantView, tenantViewSchema } from '../../../core/access/views.ts';
import { renameTenant as rename, tenantNameSchema } from '../../../core/tenancy/tenant.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const renameTenant = defineOperation({
  id: 'renameTenant',
  method: 'PATCH',
  path: '/v1/tenant',
  summary: 'Give the tenant another name',
  access: { kind: 'permission', permission: 'tenant:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({ name: tenantNameSchema }),
  response: tenantViewSchema,
  status: 200,
  errors: [],
  async handle(ports, { body, context }) {
    return { body: tenantView(await rename(ports, principalOf(context), body.name)) };
  },
});

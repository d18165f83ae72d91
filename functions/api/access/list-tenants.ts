import { z } from 'zod';
import { tenantView, tenantViewSchema } from '../../../core/access/views.ts';
import { listTenants as list } from '../../../core/tenancy/tenant.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';

export const listTenants = defineOperation({
  id: 'listTenants',
  method: 'GET',
  path: '/v1/tenants',
  summary: 'The tenants of the installation, the oldest first',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z.strictObject({ tenants: z.array(tenantViewSchema), cursor: nextCursor }).meta({ id: 'TenantList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation }, { query }) {
    const { page, next } = await readPage(installation.cursorSecret, ['listTenants'], query, (at) => list(table, at));
    return { body: { tenants: page.tenants.map(tenantView), ...next } };
  },
});

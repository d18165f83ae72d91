import { z } from 'zod';
import { foundTenant } from '../../../core/access/found-tenant.ts';
import { memberNameSchema } from '../../../core/access/member-record.ts';
import {
  apiKeyView,
  madeKeySchema,
  memberView,
  memberViewSchema,
  tenantView,
  tenantViewSchema,
} from '../../../core/access/views.ts';
import { auditWrite } from '../../../core/audit/entry.ts';
import { tenantNameSchema } from '../../../core/tenancy/tenant.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

/** Not idempotent by key: the answer holds a secret that is kept nowhere, so that it cannot be given twice. */
export const createTenant = defineOperation({
  id: 'createTenant',
  method: 'POST',
  path: '/v1/tenants',
  summary: 'Make a tenant with its first owner, and the key that they come with',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    name: tenantNameSchema,
    owner: z.strictObject({ name: memberNameSchema, email: z.email().max(254).exactOptional() }),
  }),
  response: z
    .strictObject({ tenant: tenantViewSchema, owner: memberViewSchema, ...madeKeySchema.shape })
    .meta({ id: 'FoundedTenant' }),
  status: 201,
  errors: [],
  async handle(ports, { body, context }) {
    const { tenant, member, key, writes } = foundTenant(ports, { ...body, keyName: 'first key' });
    const { tenantId: target, name } = tenant;
    const audit = auditWrite(ports, principalOf(context), { action: 'tenant.created', target, detail: { name } });
    await ports.table.transact([...writes, audit]);
    return {
      body: {
        tenant: tenantView(tenant),
        owner: memberView(member),
        key: apiKeyView(key.record, ports.clock.now()),
        text: key.text,
      },
    };
  },
});

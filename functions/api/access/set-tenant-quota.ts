import { z } from 'zod';
import { anchorDaySchema, overridesSchema } from '../../../core/quota/owner-quotas.ts';
import { quotasViewSchema, tenantQuotas } from '../../../core/quota/quota-view.ts';
import { setTenantQuotas } from '../../../core/quota/set-quotas.ts';
import { tierNames } from '../../../core/quota/tiers.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { tenantParams } from './tenant-params.ts';

/** Sets all of it: what is left out is as it is without, so that repeating the call changes nothing. */
export const setTenantQuota = defineOperation({
  id: 'setTenantQuota',
  method: 'PUT',
  path: '/v1/tenants/{tenantId}/quota',
  summary: 'Give a tenant a plan tier, and limits in place of the tier’s',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: tenantParams,
  query: z.strictObject({}),
  body: z.strictObject({
    tier: z.enum(tierNames).exactOptional().describe('Absent: that of the installation.'),
    overrides: overridesSchema.default({}),
    anchorDay: anchorDaySchema.exactOptional(),
  }),
  response: quotasViewSchema,
  status: 200,
  errors: ['tenant.not_found'],
  async handle(ports, { params, body, context }) {
    await setTenantQuotas(ports, principalOf(context), params.tenantId, body);
    return { body: await tenantQuotas(ports, params.tenantId) };
  },
});

import { z } from 'zod';
import { retentionSettingsSchema, setRetentionSettings } from '../../../core/retention/policy-repository.ts';
import { retentionViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

/** What is in the trash already stays for as long as it was to. */
export const setRetention = defineOperation({
  id: 'setRetention',
  method: 'PUT',
  path: '/v1/retention',
  summary: 'Set how long the trash keeps things, and when notice is given',
  access: { kind: 'permission', permission: 'retention:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: retentionSettingsSchema,
  response: retentionViewSchema,
  status: 200,
  errors: [],
  async handle(ports, { body, context }) {
    return { body: await setRetentionSettings(ports, principalOf(context), body) };
  },
});

import { z } from 'zod';
import { readBook } from '../../../core/retention/policy-repository.ts';
import { retentionViewSchema } from '../../../core/retention/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readRetention = defineOperation({
  id: 'readRetention',
  method: 'GET',
  path: '/v1/retention',
  summary: 'How long the trash keeps things, and when notice is given',
  access: { kind: 'permission', permission: 'retention:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: retentionViewSchema,
  status: 200,
  errors: [],
  async handle({ table }, { context }) {
    const { trashDays, noticeDays } = await readBook(table, principalOf(context).tenantId);
    return { body: { trashDays, noticeDays } };
  },
});

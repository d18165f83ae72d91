import { z } from 'zod';
import { memberIdSchema } from '../../../core/access/member-record.ts';
import { getMember } from '../../../core/access/member-repository.ts';
import { memberView, memberViewSchema } from '../../../core/access/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readMember = defineOperation({
  id: 'readMember',
  method: 'GET',
  path: '/v1/members/{memberId}',
  summary: 'A member of the tenant',
  access: { kind: 'permission', permission: 'members:read' },
  params: z.strictObject({ memberId: memberIdSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: memberViewSchema,
  status: 200,
  errors: ['member.not_found'],
  async handle({ table }, { params, context }) {
    return { body: memberView(await getMember(table, principalOf(context).tenantId, params.memberId)) };
  },
});

import { z } from 'zod';
import { memberIdSchema, memberNameSchema, memberRolesSchema } from '../../../core/access/member-record.ts';
import { changeMember as change } from '../../../core/access/member-repository.ts';
import { memberView, memberViewSchema } from '../../../core/access/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const changeMember = defineOperation({
  id: 'changeMember',
  method: 'PATCH',
  path: '/v1/members/{memberId}',
  summary: 'Change a member: name, address, roles, or whether their keys are taken',
  access: { kind: 'permission', permission: 'members:write' },
  params: z.strictObject({ memberId: memberIdSchema }),
  query: z.strictObject({}),
  body: z.strictObject({
    name: memberNameSchema.exactOptional(),
    email: z.email().max(254).nullable().exactOptional().describe('null: none any more.'),
    roles: memberRolesSchema.exactOptional(),
    suspended: z.boolean().exactOptional().describe('true: no key of theirs is taken until this is false again.'),
  }),
  response: memberViewSchema,
  status: 200,
  errors: ['member.not_found', 'access.not_held', 'access.last_owner', 'role.not_found'],
  async handle(ports, { params, body, context }) {
    return { body: memberView(await change(ports, principalOf(context), params.memberId, body)) };
  },
});

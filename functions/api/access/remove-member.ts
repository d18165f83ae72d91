import { z } from 'zod';
import { memberIdSchema } from '../../../core/access/member-record.ts';
import { removeMember as remove } from '../../../core/access/member-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const removeMember = defineOperation({
  id: 'removeMember',
  method: 'DELETE',
  path: '/v1/members/{memberId}',
  summary: 'Remove a member; all of their keys end at once',
  access: { kind: 'permission', permission: 'members:write' },
  params: z.strictObject({ memberId: memberIdSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'MemberRemoval' }),
  status: 200,
  errors: ['member.not_found', 'access.not_held', 'access.last_owner'],
  async handle(ports, { params, context }) {
    await remove(ports, principalOf(context), params.memberId);
    return { body: { removed: true as const } };
  },
});

import { z } from 'zod';
import {
  memberIdSchema,
  memberNameSchema,
  memberRolesSchema,
  oidcSubjectSchema,
} from '../../../core/access/member-record.ts';
import { changeMember as change } from '../../../core/access/member-repository.ts';
import { memberView, memberViewSchema } from '../../../core/access/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const changeMember = defineOperation({
  id: 'changeMember',
  method: 'PATCH',
  path: '/v1/members/{memberId}',
  summary: 'Change a member: name, address, roles, subject at the issuer, or whether their keys are taken',
  access: { kind: 'permission', permission: 'members:write' },
  params: z.strictObject({ memberId: memberIdSchema }),
  query: z.strictObject({}),
  body: z.strictObject({
    name: memberNameSchema.exactOptional(),
    email: z.email().max(254).nullable().exactOptional().describe('null: none any more.'),
    roles: memberRolesSchema.exactOptional(),
    oidcSubject: oidcSubjectSchema
      .nullable()
      .exactOptional()
      .describe('`sub` of their tokens at the issuer that the operator names; null: none any more.'),
    suspended: z.boolean().exactOptional().describe('true: no key of theirs is taken until this is false again.'),
  }),
  response: memberViewSchema,
  status: 200,
  errors: [
    ...(['member.not_found', 'access.not_held', 'access.last_owner', 'role.not_found'] as const),
    ...(['oidc.not_configured', 'member.subject_taken'] as const),
  ],
  async handle(ports, { params, body, context }) {
    return { body: memberView(await change(ports, principalOf(context), params.memberId, body)) };
  },
});

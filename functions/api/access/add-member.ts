import { z } from 'zod';
import { memberKinds, memberNameSchema, memberRolesSchema } from '../../../core/access/member-record.ts';
import { addMember as add, getMember } from '../../../core/access/member-repository.ts';
import { memberView, memberViewSchema } from '../../../core/access/views.ts';
import { digestOf } from '../../../core/digest.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const addMember = defineOperation({
  id: 'addMember',
  method: 'POST',
  path: '/v1/members',
  summary: 'Take a person or a service account into the tenant',
  access: { kind: 'permission', permission: 'members:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    kind: z.enum(memberKinds).default('person').describe('service: an account that programs use.'),
    name: memberNameSchema,
    email: z.email().max(254).exactOptional(),
    roles: memberRolesSchema,
  }),
  response: memberViewSchema,
  status: 201,
  otherStatus: 200,
  errors: ['access.not_held', 'role.not_found', 'member.too_many', 'member.not_found'],
  idempotent: true,
  async handle(ports, { body, context }) {
    const principal = principalOf(context);
    const { tenantId } = principal;
    const { made, created } = await createOnce(
      ports,
      { tenantId, key: context.idempotencyKey, digest: digestOf({ addMember: body }) },
      (remember) => add(ports, principal, body, remember),
      (memberId) => getMember(ports.table, tenantId, memberId),
    );
    return { status: created ? 201 : 200, body: memberView(made) };
  },
});

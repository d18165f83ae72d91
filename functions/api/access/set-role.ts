import { z } from 'zod';
import { roleContentSchema, roleNameSchema } from '../../../core/access/role-record.ts';
import { setRole as set } from '../../../core/access/role-repository.ts';
import { roleView, roleViewSchema } from '../../../core/access/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const setRole = defineOperation({
  id: 'setRole',
  method: 'PUT',
  path: '/v1/roles/{name}',
  summary: 'Make a role of the tenant’s own, or change what it holds',
  access: { kind: 'permission', permission: 'roles:write' },
  params: z.strictObject({ name: roleNameSchema }),
  query: z.strictObject({}),
  body: roleContentSchema,
  response: roleViewSchema,
  status: 200,
  otherStatus: 201,
  errors: ['access.not_held', 'role.built_in', 'role.too_many'],
  async handle(ports, { params, body, context }) {
    const { role, created } = await set(ports, principalOf(context), { name: params.name, ...body });
    return { status: created ? 201 : 200, body: roleView(role) };
  },
});

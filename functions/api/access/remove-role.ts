import { z } from 'zod';
import { roleNameSchema } from '../../../core/access/role-record.ts';
import { removeRole as remove } from '../../../core/access/role-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const removeRole = defineOperation({
  id: 'removeRole',
  method: 'DELETE',
  path: '/v1/roles/{name}',
  summary: 'Remove a role of the tenant’s own that nobody has',
  access: { kind: 'permission', permission: 'roles:write' },
  params: z.strictObject({ name: roleNameSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'RoleRemoval' }),
  status: 200,
  errors: ['access.not_held', 'role.not_found', 'role.built_in', 'role.in_use'],
  async handle(ports, { params, context }) {
    await remove(ports, principalOf(context), params.name);
    return { body: { removed: true as const } };
  },
});

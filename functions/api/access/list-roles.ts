import { z } from 'zod';
import { builtInRoleNames } from '../../../core/access/built-in-roles.ts';
import { listRoles as list } from '../../../core/access/role-repository.ts';
import { builtInRoleView, roleView, roleViewSchema } from '../../../core/access/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listRoles = defineOperation({
  id: 'listRoles',
  method: 'GET',
  path: '/v1/roles',
  summary: 'The built-in roles, and the tenant’s own',
  access: { kind: 'permission', permission: 'roles:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ roles: z.array(roleViewSchema) }).meta({ id: 'RoleList' }),
  status: 200,
  errors: [],
  async handle({ table }, { context }) {
    const own = await list(table, principalOf(context).tenantId);
    return { body: { roles: [...builtInRoleNames.map(builtInRoleView), ...own.map(roleView)] } };
  },
});

import { z } from 'zod';
import { permissionsOf } from '../../../core/access/grants.ts';
import { getMember } from '../../../core/access/member-repository.ts';
import { permissions } from '../../../core/access/permissions.ts';
import { memberView, memberViewSchema, tenantView, tenantViewSchema } from '../../../core/access/views.ts';
import { findTeam } from '../../../core/teams/team-repository.ts';
import { getTenant } from '../../../core/tenancy/tenant.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const whoAmI = defineOperation({
  id: 'whoAmI',
  method: 'GET',
  path: '/v1/whoami',
  summary: 'Tenant and member of the key that calls, and what it may do',
  access: { kind: 'permission', permission: 'keys:own' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z
    .strictObject({
      tenant: tenantViewSchema,
      member: memberViewSchema,
      keyId: z.string(),
      permissions: z.array(z.enum(permissions)).describe('What the roles hold, less what the key’s scopes leave out.'),
      teams: z
        .array(z.strictObject({ teamId: z.string(), name: z.string(), permissions: z.array(z.enum(permissions)) }))
        .describe('The same inside each team, for what belongs to it.'),
    })
    .meta({ id: 'WhoAmI' }),
  status: 200,
  errors: [],
  async handle({ table }, { context }) {
    const { tenantId, memberId, keyId, permissions: held, teamGrants } = principalOf(context);
    const [tenant, member, teams] = await Promise.all([
      getTenant(table, tenantId),
      getMember(table, tenantId, memberId),
      Promise.all([...teamGrants.keys()].map((teamId) => findTeam(table, tenantId, teamId))),
    ]);
    return {
      body: {
        ...{ tenant: tenantView(tenant), member: memberView(member), keyId, permissions: [...held].sort() },
        teams: teams.flatMap((found) => {
          if (found === undefined) return [];
          const { teamId, name } = found.team;
          return [{ teamId, name, permissions: [...permissionsOf(teamGrants.get(teamId) ?? new Set())].sort() }];
        }),
      },
    };
  },
});

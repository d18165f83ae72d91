import { z } from 'zod';
import { removeTeam as remove } from '../../../core/teams/team-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

export const removeTeam = defineOperation({
  id: 'removeTeam',
  method: 'DELETE',
  path: '/v1/teams/{teamId}',
  summary: 'Remove a team that has no members; its builds stay the tenant’s',
  access: { kind: 'permission', permission: 'teams:write' },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'TeamRemoval' }),
  status: 200,
  errors: ['team.not_found', 'team.in_use'],
  async handle(ports, { params, context }) {
    await remove(ports, principalOf(context), params.teamId);
    return { body: { removed: true as const } };
  },
});

import { z } from 'zod';
import { overridesSchema } from '../../../core/quota/owner-quotas.ts';
import { quotasViewSchema, teamQuotas } from '../../../core/quota/quota-view.ts';
import { setTeamQuotas } from '../../../core/quota/set-quotas.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';
import { teamParamsSchema } from './team-params.ts';

/** Nobody sets it by a role inside the team alone: a team does not bound itself. */
export const setTeamQuota = defineOperation({
  id: 'setTeamQuota',
  method: 'PUT',
  path: '/v1/teams/{teamId}/quota',
  summary: 'Give a team limits of its own, within those of the tenant',
  access: { kind: 'permission', permission: 'quota:write' },
  params: teamParamsSchema,
  query: z.strictObject({}),
  body: z.strictObject({ limits: overridesSchema }),
  response: quotasViewSchema,
  status: 200,
  errors: ['team.not_found'],
  async handle(ports, { params, body, context }) {
    const place = { reach: reachOf(context), teamId: params.teamId };
    await setTeamQuotas(ports, principalOf(context), place, body.limits);
    return { body: await teamQuotas(ports, place.reach, params.teamId) };
  },
});

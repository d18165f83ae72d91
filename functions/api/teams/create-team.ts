import { z } from 'zod';
import { digestOf } from '../../../core/digest.ts';
import { teamDescriptionSchema, teamNameSchema } from '../../../core/teams/team-record.ts';
import { createTeam as create, getTeam } from '../../../core/teams/team-repository.ts';
import { teamView, teamViewSchema } from '../../../core/teams/views.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';

export const createTeam = defineOperation({
  id: 'createTeam',
  method: 'POST',
  path: '/v1/teams',
  summary: 'Make a team in the tenant',
  access: { kind: 'permission', permission: 'teams:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({ name: teamNameSchema, description: teamDescriptionSchema.default('') }),
  response: teamViewSchema,
  status: 201,
  otherStatus: 200,
  errors: ['team.too_many', 'team.not_found'],
  idempotent: true,
  async handle(ports, { body, context }) {
    const principal = principalOf(context);
    const { tenantId } = principal;
    const { made, created } = await createOnce(
      ports,
      { tenantId, key: context.idempotencyKey, digest: digestOf({ createTeam: body }) },
      async (remember) => create(ports, principal, body, remember),
      (teamId) => getTeam(ports.table, reachOf(context), teamId),
    );
    return { status: created ? 201 : 200, body: teamView(made) };
  },
});

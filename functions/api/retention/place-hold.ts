import { z } from 'zod';
import { digestOf } from '../../../core/digest.ts';
import { getHold, holdRecordSchema, placeHold as place, reasonSchema } from '../../../core/retention/holds.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf, reachOf } from '../../shared/principal-of.ts';

/** A hold stands until it is released, whatever policies say. A build may be on several. */
export const placeHold = defineOperation({
  id: 'placeHold',
  method: 'POST',
  path: '/v1/retention/holds',
  summary: 'Put a build on legal hold: what it made is not removed',
  access: { kind: 'permission', permission: 'retention:hold' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z
    .strictObject({
      build: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id such as bld_01J…')
        .describe('Id of the build.'),
      reason: reasonSchema,
    })
    .meta({ id: 'NewHold' }),
  response: holdRecordSchema,
  status: 201,
  errors: ['build.not_found', 'hold.too_many', 'artifact.purged'],
  idempotent: true,
  async handle(ports, { body, context }) {
    const actor = principalOf(context);
    const { tenantId } = actor;
    const request = { tenantId, key: context.idempotencyKey, digest: digestOf({ placeHold: body }) };
    const { made } = await createOnce(
      ports,
      request,
      (remember) => place(ports, reachOf(context), body, { actor, remember }),
      (holdId) => getHold(ports.table, tenantId, holdId),
    );
    return { body: made };
  },
});

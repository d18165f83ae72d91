import { z } from 'zod';
import { holdRecordSchema, reasonSchema, releaseHold as release } from '../../../core/retention/holds.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const releaseHold = defineOperation({
  id: 'releaseHold',
  method: 'POST',
  path: '/v1/retention/holds/{id}:release',
  summary: 'Release a legal hold',
  access: { kind: 'permission', permission: 'retention:hold' },
  params: z.strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id such as hld_01J…')
      .describe('Id of the hold.'),
  }),
  query: z.strictObject({}),
  body: z.strictObject({ reason: reasonSchema }).meta({ id: 'HoldRelease' }),
  response: holdRecordSchema,
  status: 200,
  errors: ['hold.not_found'],
  async handle(ports, { params, body, context }) {
    return { body: await release(ports, principalOf(context), params.id, body.reason) };
  },
});

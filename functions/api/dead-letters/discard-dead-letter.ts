import { z } from 'zod';
import { discardLetter } from '../../../core/dead-letters/repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { letterParams } from './letter-params.ts';

export const discardDeadLetter = defineOperation({
  id: 'discardDeadLetter',
  method: 'DELETE',
  path: '/v1/dead-letters/{letterId}',
  summary: 'Forget a dead letter: nothing is done again',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: letterParams,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ discarded: z.literal(true) }).meta({ id: 'DeadLetterRemoval' }),
  status: 200,
  errors: ['dead_letter.not_found'],
  async handle(ports, { params, context }) {
    await discardLetter(ports, principalOf(context), params.letterId);
    return { body: { discarded: true as const } };
  },
});

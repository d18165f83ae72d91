import { z } from 'zod';
import { deadLetterView, deadLetterViewSchema } from '../../../core/dead-letters/dead-letter.ts';
import { redriveLetter } from '../../../core/dead-letters/repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { letterParams } from './letter-params.ts';

/** Not idempotent by key: it makes nothing, and the event that it tells again is one that may come twice in any case. */
export const redriveDeadLetter = defineOperation({
  id: 'redriveDeadLetter',
  method: 'POST',
  path: '/v1/dead-letters/{letterId}:redrive',
  summary: 'Have work that was given up done again',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: letterParams,
  query: z.strictObject({}),
  body: undefined,
  response: deadLetterViewSchema,
  status: 202,
  errors: ['dead_letter.not_found', 'dead_letter.no_event'],
  async handle(ports, { params, context }) {
    return { body: deadLetterView(await redriveLetter(ports, principalOf(context), params.letterId)) };
  },
});

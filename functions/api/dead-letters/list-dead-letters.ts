import { z } from 'zod';
import { deadLetterStates, deadLetterView, deadLetterViewSchema } from '../../../core/dead-letters/dead-letter.ts';
import { listLetters } from '../../../core/dead-letters/repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';

export const listDeadLetters = defineOperation({
  id: 'listDeadLetters',
  method: 'GET',
  path: '/v1/dead-letters',
  summary: 'Asynchronous work that was given up, the latest first',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    state: z
      .enum(deadLetterStates)
      .default('open')
      .describe(
        'open: nobody has had it done again since it failed. redriven: somebody has, and it has not failed since.',
      ),
  }),
  body: undefined,
  response: z
    .strictObject({ deadLetters: z.array(deadLetterViewSchema), cursor: nextCursor })
    .meta({ id: 'DeadLetterList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(ports, { query }) {
    const { state } = query;
    const { page, next } = await readPage(ports.installation.cursorSecret, ['listDeadLetters', state], query, (at) =>
      listLetters(ports, state, at),
    );
    return { body: { deadLetters: page.letters.map(deadLetterView), ...next } };
  },
});

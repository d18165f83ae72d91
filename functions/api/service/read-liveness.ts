import { z } from 'zod';
import { defineOperation } from '../../shared/operation.ts';

/** Asks nothing of anybody: a process that does not answer this is to be started anew. */
export const readLiveness = defineOperation({
  id: 'readLiveness',
  method: 'GET',
  path: '/v1/health/live',
  summary: 'Whether the service runs',
  access: { kind: 'public' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ status: z.literal('live') }).meta({ id: 'Liveness' }),
  status: 200,
  errors: [],
  async handle() {
    return { body: { status: 'live' as const } };
  },
});

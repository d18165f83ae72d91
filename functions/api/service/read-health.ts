import { z } from 'zod';
import { defineOperation } from '../../shared/operation.ts';

/** Answers 200 where the service runs and reaches its table, else 503. */
export const readHealth = defineOperation({
  id: 'readHealth',
  method: 'GET',
  path: '/v1/health',
  summary: 'Whether the service is up and reaches its table',
  access: { kind: 'public' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ status: z.literal('ready') }).meta({ id: 'Health' }),
  status: 200,
  errors: ['service.unavailable'],
  async handle(ports) {
    await ports.table.get({ partition: 'INSTALLATION', sort: 'HEALTH' });
    return { body: { status: 'ready' as const } };
  },
});

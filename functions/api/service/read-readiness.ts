import { z } from 'zod';
import { dependencies, readReadiness } from '../../../core/telemetry/readiness.ts';
import { defineOperation } from '../../shared/operation.ts';

/** Answers 503 with each dependency that does not answer among its `errors`. */
export const readReadinessOperation = defineOperation({
  id: 'readReadiness',
  method: 'GET',
  path: '/v1/health/ready',
  summary: 'Whether the service reaches each thing that it needs',
  access: { kind: 'public' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z
    .strictObject({
      status: z.literal('ready'),
      dependencies: z.array(
        z.strictObject({
          name: z.enum(dependencies),
          milliseconds: z.number().int().nonnegative().describe('How long its answer took.'),
        }),
      ),
    })
    .meta({ id: 'Readiness' }),
  status: 200,
  errors: ['service.unavailable'],
  async handle(ports) {
    return { body: { status: 'ready' as const, dependencies: [...(await readReadiness(ports))] } };
  },
});

import { z } from 'zod';
import { secretNameSchema } from '../../../core/secrets/secret-record.ts';
import { removeSecret as remove } from '../../../core/secrets/secret-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const removeSecret = defineOperation({
  id: 'removeSecret',
  method: 'DELETE',
  path: '/v1/secrets/{name}',
  summary: 'Remove a secret with its value',
  access: { kind: 'permission', permission: 'secrets:write' },
  params: z.strictObject({ name: secretNameSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'SecretRemoval' }),
  status: 200,
  errors: ['secret.not_found'],
  async handle(ports, { params, context }) {
    await remove(ports, principalOf(context), params.name);
    return { body: { removed: true as const } };
  },
});

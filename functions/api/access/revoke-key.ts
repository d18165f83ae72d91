import { z } from 'zod';
import { keyIdSchema } from '../../../core/access/api-key.ts';
import { revokeApiKey } from '../../../core/access/key-repository.ts';
import { needRevocableKey } from '../../../core/access/key-rights.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const revokeKey = defineOperation({
  id: 'revokeKey',
  method: 'DELETE',
  path: '/v1/keys/{keyId}',
  summary: 'End an API key at once',
  access: { kind: 'permission', permission: 'keys:own' },
  params: z.strictObject({ keyId: keyIdSchema }),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ revoked: z.literal(true) }).meta({ id: 'KeyRevocation' }),
  status: 200,
  errors: ['key.not_found', 'access.not_held'],
  async handle(ports, { params, context }) {
    const principal = principalOf(context);
    await needRevocableKey(ports.table, principal, params.keyId);
    await revokeApiKey(ports, principal, params.keyId);
    return { body: { revoked: true as const } };
  },
});

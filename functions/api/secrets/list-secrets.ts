import { z } from 'zod';
import { listSecrets as list } from '../../../core/secrets/secret-repository.ts';
import { secretView, secretViewSchema } from '../../../core/secrets/secret-view.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listSecrets = defineOperation({
  id: 'listSecrets',
  method: 'GET',
  path: '/v1/secrets',
  summary: 'The secrets of the tenant by name, with versions and dates, never values',
  access: { kind: 'permission', permission: 'secrets:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ secrets: z.array(secretViewSchema) }).meta({ id: 'SecretList' }),
  status: 200,
  errors: [],
  async handle(ports, { context }) {
    const secrets = await list(ports.table, principalOf(context).tenantId);
    return { body: { secrets: secrets.map(secretView) } };
  },
});

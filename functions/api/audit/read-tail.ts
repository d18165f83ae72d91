import { z } from 'zod';
import { chainHeadSchema, storedEntrySchema } from '../../../core/audit/chain.ts';
import { listPending, mostPending, readHead } from '../../../core/audit/log-repository.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const readTail = defineOperation({
  id: 'readAuditTail',
  method: 'GET',
  path: '/v1/audit/tail',
  summary: 'The head of the chain, and the entries that no seal covers yet',
  access: { kind: 'permission', permission: 'audit:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z
    .strictObject({
      ...chainHeadSchema.shape,
      unsealed: z
        .array(storedEntrySchema)
        .describe(`The oldest first, at most ${mostPending}. They are sealed within a minute or two.`),
    })
    .meta({ id: 'AuditTail' }),
  status: 200,
  errors: [],
  async handle({ table }, { context }) {
    const { tenantId } = principalOf(context);
    const [head, unsealed] = await Promise.all([readHead(table, tenantId), listPending(table, tenantId)]);
    return { body: { ...head, unsealed: [...unsealed] } };
  },
});

import { z } from 'zod';
import { getCleanup } from '../../../core/retention/cleanup-record.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { cleanupParamsSchema, cleanupScopeSchema, cleanupView, cleanupViewSchema, ownerOf } from './cleanup-owner.ts';

export const readCleanup = defineOperation({
  id: 'readCleanup',
  method: 'GET',
  path: '/v1/retention/cleanups/{id}',
  summary: 'The report of a cleanup',
  access: { kind: 'permission', permission: 'retention:read' },
  params: cleanupParamsSchema,
  query: z.strictObject({ scope: cleanupScopeSchema }),
  body: undefined,
  response: cleanupViewSchema,
  status: 200,
  errors: ['cleanup.not_found', 'access.forbidden'],
  async handle({ table }, { params, query, context }) {
    const owner = ownerOf(principalOf(context), query.scope);
    return { body: cleanupView(await getCleanup(table, owner, params.id)) };
  },
});

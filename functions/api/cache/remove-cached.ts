import { z } from 'zod';
import { removeResult } from '../../../core/cache/removal.ts';
import { bytesOf } from '../../../core/cache/stored-results.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { requireCacheOperator } from './cache-operator.ts';

/** Drops a pointer, so that the step runs again when it is next needed. Its bytes go later, by eviction. */
export const removeCached = defineOperation({
  id: 'removeCached',
  method: 'DELETE',
  path: '/v1/cache/{key}',
  summary: 'Remove a result from the cache',
  access: { kind: 'permission', permission: 'cache:delete' },
  params: z.strictObject({ key: z.string().regex(/^[0-9a-f]{64}$/, 'a key of 64 hexadecimal digits') }),
  query: z.strictObject({
    scope: z
      .enum(['tenant', 'shared'])
      .default('tenant')
      .describe('tenant: of the tenant’s own; shared: of the pool, which needs the permission installation:operate.'),
  }),
  body: undefined,
  response: z
    .strictObject({
      key: z.string(),
      scope: z.enum(['tenant', 'shared']),
      program: z.string(),
      bytes: z.number().int().describe('What it stood on. They are deleted a day later, if nothing points to them.'),
    })
    .meta({ id: 'RemovedResult' }),
  status: 200,
  errors: ['cache.not_found', 'cache.in_use'],
  async handle(ports, { params, query, context }) {
    const principal = principalOf(context);
    if (query.scope === 'shared') requireCacheOperator(principal);
    const removed = await removeResult(
      ports,
      principal,
      query.scope === 'shared' ? 'shared' : principal.tenantId,
      params.key,
    );
    const { program } = removed.result;
    return { body: { key: params.key, scope: query.scope, program, bytes: bytesOf(removed) } };
  },
});

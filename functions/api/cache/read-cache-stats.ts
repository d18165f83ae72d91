import { z } from 'zod';
import {
  type CacheTick,
  cacheSizesSchema,
  cacheTickSchema,
  lastCacheTick,
  tenantSizes,
} from '../../../core/cache/cache-size.ts';
import { hitRates, keptDays, programRateSchema } from '../../../core/cache/hit-rates.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { wholeNumberOr } from '../../shared/whole-number.ts';
import { isCacheOperator } from './cache-operator.ts';

export const readCacheStats = defineOperation({
  id: 'readCacheStats',
  method: 'GET',
  path: '/v1/cache/stats',
  summary: 'How much of the cache the tenant uses, and how often its builds hit',
  access: { kind: 'permission', permission: 'cache:read' },
  params: z.strictObject({}),
  query: z.strictObject({
    days: wholeNumberOr(30, 1, keptDays).describe('Days of the hit rates, today among them.'),
  }),
  body: undefined,
  response: z
    .strictObject({
      sizes: cacheSizesSchema.describe('The tenant’s own results, and the shared ones that its builds used.'),
      complete: z.boolean().describe('false: there is more than one answer counts.'),
      days: z.number().int(),
      programs: z.array(programRateSchema).describe('By step program, of builds that ended in these days.'),
      installation: z
        .strictObject({
          limitBytes: z
            .number()
            .int()
            .describe('Bytes of layers, indexes and modules above which results are evicted.'),
          lastRun: cacheTickSchema
            .omit({ cursor: true })
            .exactOptional()
            .describe('What the last run of eviction saw and left.'),
        })
        .exactOptional()
        .describe('Only for the operator.'),
    })
    .meta({ id: 'CacheStats' }),
  status: 200,
  errors: [],
  async handle(ports, { query, context }) {
    const principal = principalOf(context);
    const operator = isCacheOperator(principal);
    const [{ sizes, complete }, programs, tick] = await Promise.all([
      tenantSizes(ports.table, principal.tenantId),
      hitRates(ports, principal.tenantId, query.days),
      operator ? lastCacheTick(ports.table) : undefined,
    ]);
    const lastRun = tick === undefined ? undefined : withoutCursor(tick);
    const limitBytes = ports.installation.cacheLimitBytes;
    return {
      body: {
        ...{ sizes, complete, days: query.days, programs },
        ...(operator ? { installation: { limitBytes, ...(lastRun === undefined ? {} : { lastRun }) } } : {}),
      },
    };
  },
});

/** Where the look through the store stopped is nothing to tell. */
function withoutCursor({ cursor: _, ...told }: CacheTick): Omit<CacheTick, 'cursor'> {
  return told;
}

import { z } from 'zod';
import { cachePage } from '../../../core/cache/stored-results.ts';
import { openCursor, sealCursor } from '../../shared/cursor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { wholeNumberOr } from '../../shared/whole-number.ts';
import { type CacheEntry, cacheEntry, cacheEntrySchema } from './cache-entry.ts';
import { requireCacheOperator } from './cache-operator.ts';

/** Pages that one call reads at most while it looks for what is asked for; the cursor goes on from there. */
const maxPages = 10;

export const listCache = defineOperation({
  id: 'listCache',
  method: 'GET',
  path: '/v1/cache',
  summary: 'What the tenant has in the cache, the last used first',
  access: { kind: 'permission', permission: 'cache:read' },
  params: z.strictObject({}),
  query: z.strictObject({
    limit: wholeNumberOr(20, 1, 100).describe('Entries a page.'),
    scope: z
      .enum(['tenant', 'shared', 'pool'])
      .optional()
      .describe(
        'tenant: the tenant’s own results; shared: the shared ones that its builds used; pool: all shared ones, which needs the permission installation:operate.',
      ),
    program: z.string().max(60).optional().describe('Only results of this step program.'),
    cursor: z.string().max(4_096).optional().describe('As the page before gave it, with the same query.'),
  }),
  body: undefined,
  response: z
    .strictObject({
      entries: z.array(cacheEntrySchema),
      cursor: z.string().exactOptional().describe('There where more may follow, even if this page is short.'),
    })
    .meta({ id: 'CacheList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle(ports, { query, context }) {
    const principal = principalOf(context);
    if (query.scope === 'pool') requireCacheOperator(principal);
    const secret = ports.installation.cursorSecret;
    const scope = ['listCache', principal.tenantId, query.scope ?? '', query.program ?? ''];
    const wanted = (entry: CacheEntry): boolean =>
      (query.scope === undefined || query.scope === 'pool' || entry.scope === query.scope) &&
      (query.program === undefined || entry.program === query.program);
    let cursor = query.cursor === undefined ? undefined : openCursor(secret, scope, query.cursor);
    const entries: CacheEntry[] = [];
    for (let page = 0; page < maxPages; page += 1) {
      const found = await cachePage(ports.table, query.scope === 'pool' ? 'shared' : principal.tenantId, {
        limit: query.limit - entries.length,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const read = await Promise.all(found.records.map((record) => cacheEntry(ports.table, record)));
      entries.push(...read.filter((entry) => entry !== undefined).filter(wanted));
      cursor = found.cursor;
      if (cursor === undefined || entries.length >= query.limit) break;
    }
    return { body: { entries, ...(cursor === undefined ? {} : { cursor: sealCursor(secret, scope, cursor) }) } };
  },
});

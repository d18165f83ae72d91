import { z } from 'zod';
import { cleanupEntrySchema, getCleanup, listEntries } from '../../../core/retention/cleanup-record.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { cleanupParamsSchema, cleanupScopeSchema, ownerOf } from './cleanup-owner.ts';

/** A page holds 100 entries, and the last one what is left. */
export const listCleanupEntries = defineOperation({
  id: 'listCleanupEntries',
  method: 'GET',
  path: '/v1/retention/cleanups/{id}/entries',
  summary: 'What a cleanup found, why it goes, and what became of it',
  access: { kind: 'permission', permission: 'retention:read' },
  params: cleanupParamsSchema,
  query: z.strictObject({ cursor: pageQuery.cursor, scope: cleanupScopeSchema }),
  body: undefined,
  response: z.strictObject({ entries: z.array(cleanupEntrySchema), cursor: nextCursor }).meta({
    id: 'CleanupEntryList',
  }),
  status: 200,
  errors: ['cleanup.not_found', 'cursor.invalid', 'access.forbidden'],
  async handle({ table, installation }, { params, query, context }) {
    const owner = ownerOf(principalOf(context), query.scope);
    const report = await getCleanup(table, owner, params.id);
    const scope = ['listCleanupEntries', owner, report.id];
    const { page, next } = await readPage(installation.cursorSecret, scope, { ...query, limit: 1 }, ({ cursor }) =>
      listEntries(table, report, cursor),
    );
    return { body: { entries: [...page.entries], ...next } };
  },
});

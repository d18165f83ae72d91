import { z } from 'zod';
import { listCleanups as readCleanups } from '../../../core/retention/cleanup-record.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { cleanupScopeSchema, cleanupView, cleanupViewSchema, ownerOf } from './cleanup-owner.ts';

export const listCleanups = defineOperation({
  id: 'listCleanups',
  method: 'GET',
  path: '/v1/retention/cleanups',
  summary: 'What was cleaned up, and what would be: the latest first',
  access: { kind: 'permission', permission: 'retention:read' },
  params: z.strictObject({}),
  query: z.strictObject({ ...pageQuery, scope: cleanupScopeSchema }),
  body: undefined,
  response: z.strictObject({ cleanups: z.array(cleanupViewSchema), cursor: nextCursor }).meta({ id: 'CleanupList' }),
  status: 200,
  errors: ['cursor.invalid', 'access.forbidden'],
  async handle({ table, installation }, { query, context }) {
    const owner = ownerOf(principalOf(context), query.scope);
    const { page, next } = await readPage(installation.cursorSecret, ['listCleanups', owner], query, (at) =>
      readCleanups(table, owner, at),
    );
    return { body: { cleanups: page.cleanups.map(cleanupView), ...next } };
  },
});

import { z } from 'zod';
import { holdRecordSchema, listHolds as readHolds } from '../../../core/retention/holds.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listHolds = defineOperation({
  id: 'listHolds',
  method: 'GET',
  path: '/v1/retention/holds',
  summary: 'The legal holds that are not released, the oldest first',
  access: { kind: 'permission', permission: 'retention:read' },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z.strictObject({ holds: z.array(holdRecordSchema), cursor: nextCursor }).meta({ id: 'HoldList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation }, { query, context }) {
    const { tenantId } = principalOf(context);
    const { page, next } = await readPage(installation.cursorSecret, ['listHolds', tenantId], query, (at) =>
      readHolds(table, tenantId, at),
    );
    return { body: { holds: [...page.holds], ...next } };
  },
});

import { z } from 'zod';
import { anchorSchema, readAnchors } from '../../../core/audit/anchor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listAnchors = defineOperation({
  id: 'listAuditAnchors',
  method: 'GET',
  path: '/v1/audit/anchors',
  summary: 'Signed heads of the chain, kept outside the table, the oldest first: at most one an hour',
  access: { kind: 'permission', permission: 'audit:read' },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z
    .strictObject({ anchors: z.array(anchorSchema.meta({ id: 'AuditAnchor' })), cursor: nextCursor })
    .meta({ id: 'AuditAnchorList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ blobs, installation }, { query, context }) {
    const { tenantId } = principalOf(context);
    const scope = ['listAuditAnchors', tenantId];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      readAnchors(blobs, tenantId, at),
    );
    return { body: { anchors: [...page.anchors], ...next } };
  },
});

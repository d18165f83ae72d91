import { z } from 'zod';
import { anchorSchema, readAnchors } from '../../../core/audit/anchor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listAnchors = defineOperation({
  id: 'listAuditAnchors',
  method: 'GET',
  path: '/v1/audit/anchors',
  summary: 'Signed heads of the chain, kept outside the table, of one month: at most one an hour',
  access: { kind: 'permission', permission: 'audit:read' },
  params: z.strictObject({}),
  query: z.strictObject({
    month: z
      .string()
      .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'a month as 2026-11')
      .describe('As 2026-11, of UTC.'),
  }),
  body: undefined,
  response: z
    .strictObject({ anchors: z.array(anchorSchema.meta({ id: 'AuditAnchor' })) })
    .meta({ id: 'AuditAnchorList' }),
  status: 200,
  errors: [],
  async handle({ blobs }, { query, context }) {
    return { body: { anchors: [...(await readAnchors(blobs, principalOf(context).tenantId, query.month))] } };
  },
});

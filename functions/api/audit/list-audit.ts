import { z } from 'zod';
import { type StoredLink, storedLinkSchema } from '../../../core/audit/chain.ts';
import { auditActions } from '../../../core/audit/entry.ts';
import { listSealed } from '../../../core/audit/log-repository.ts';
import { openCursor, sealCursor } from '../../shared/cursor.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { wholeNumberOr } from '../../shared/whole-number.ts';

/** Pages that one call reads at most while it looks for what is asked for; the cursor goes on from there. */
const maxPages = 10;

export const listAudit = defineOperation({
  id: 'listAudit',
  method: 'GET',
  path: '/v1/audit',
  summary: 'The sealed entries of the audit log, with the links that chain them',
  access: { kind: 'permission', permission: 'audit:read' },
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    limit: wholeNumberOr(100, 1, 500).describe('Entries a page.'),
    order: z.enum(['newest', 'oldest']).default('newest').describe('Which come first.'),
    action: z.enum(auditActions).optional().describe('Only entries of this action.'),
    memberId: z.string().max(64).optional().describe('Only what this member did or was refused.'),
    target: z.string().max(256).optional().describe('Only what was done to this.'),
  }),
  body: undefined,
  response: z
    .strictObject({ entries: z.array(storedLinkSchema.meta({ id: 'AuditEntry' })), cursor: nextCursor })
    .meta({ id: 'AuditLog' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation }, { query, context }) {
    const { tenantId } = principalOf(context);
    const { action, memberId, target, order, limit } = query;
    const scope = ['listAudit', tenantId, order, action ?? '', memberId ?? '', target ?? ''];
    const secret = installation.cursorSecret;
    const fits = ({ entry }: StoredLink): boolean =>
      (action === undefined || entry.action === action) &&
      (memberId === undefined || entry.actor?.memberId === memberId) &&
      (target === undefined || entry.target === target);
    const entries: StoredLink[] = [];
    let cursor = query.cursor === undefined ? undefined : openCursor(secret, scope, query.cursor);
    for (let page = 0; page < maxPages; page += 1) {
      const found = await listSealed(table, tenantId, {
        ...{ limit: limit - entries.length, descending: order === 'newest' },
        ...(cursor === undefined ? {} : { cursor }),
      });
      entries.push(...found.links.filter(fits));
      cursor = found.cursor;
      if (cursor === undefined || entries.length >= limit) break;
    }
    return { body: { entries, ...(cursor === undefined ? {} : { cursor: sealCursor(secret, scope, cursor) }) } };
  },
});

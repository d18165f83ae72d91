import { z } from 'zod';
import { listMembers as list } from '../../../core/access/member-repository.ts';
import { memberView, memberViewSchema } from '../../../core/access/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listMembers = defineOperation({
  id: 'listMembers',
  method: 'GET',
  path: '/v1/members',
  summary: 'The members of the tenant, the oldest first',
  access: { kind: 'permission', permission: 'members:read' },
  params: z.strictObject({}),
  query: z.strictObject(pageQuery),
  body: undefined,
  response: z.strictObject({ members: z.array(memberViewSchema), cursor: nextCursor }).meta({ id: 'MemberList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation }, { query, context }) {
    const { tenantId } = principalOf(context);
    const scope = ['listMembers', tenantId];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) => list(table, tenantId, at));
    return { body: { members: page.members.map(memberView), ...next } };
  },
});

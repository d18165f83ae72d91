import { z } from 'zod';
import { listApiKeys } from '../../../core/access/key-repository.ts';
import { seenMember } from '../../../core/access/key-rights.ts';
import { usesOf } from '../../../core/access/key-use.ts';
import { memberIdSchema } from '../../../core/access/member-record.ts';
import { apiKeyView, apiKeyViewSchema } from '../../../core/access/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listKeys = defineOperation({
  id: 'listKeys',
  method: 'GET',
  path: '/v1/keys',
  summary: 'API keys, by member and age: all of the tenant with keys:read, else one’s own',
  access: { kind: 'permission', permission: 'keys:own' },
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    memberId: memberIdSchema.optional().describe('Only keys of this member.'),
  }),
  body: undefined,
  response: z.strictObject({ keys: z.array(apiKeyViewSchema), cursor: nextCursor }).meta({ id: 'ApiKeyList' }),
  status: 200,
  errors: ['cursor.invalid'],
  async handle({ table, installation, clock }, { query, context }) {
    const principal = principalOf(context);
    const { tenantId } = principal;
    const memberId = seenMember(principal, query.memberId);
    const scope = ['listKeys', tenantId, memberId ?? ''];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      listApiKeys(table, tenantId, { ...at, ...(memberId === undefined ? {} : { memberId }) }),
    );
    const uses = await usesOf(
      table,
      tenantId,
      page.keys.map(({ keyId }) => keyId),
    );
    const now = clock.now();
    return { body: { keys: page.keys.map((key) => apiKeyView(key, now, uses.get(key.keyId))), ...next } };
  },
});

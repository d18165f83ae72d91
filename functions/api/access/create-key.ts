import { z } from 'zod';
import { addressRangesSchema, keyNameSchema, scopesSchema } from '../../../core/access/api-key.ts';
import { createApiKey, findApiKey, missingKey } from '../../../core/access/key-repository.ts';
import { needMayMakeKey } from '../../../core/access/key-rights.ts';
import { memberIdSchema } from '../../../core/access/member-record.ts';
import { apiKeyView, madeKeySchema } from '../../../core/access/views.ts';
import { digestOf } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const createKey = defineOperation({
  id: 'createKey',
  method: 'POST',
  path: '/v1/keys',
  summary: 'Make an API key, of one’s own or of another member; its text is in this answer and never again',
  access: { kind: 'permission', permission: 'keys:own' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    name: keyNameSchema,
    memberId: memberIdSchema.exactOptional().describe('Whose it is; needs keys:write. Absent: the caller’s.'),
    scopes: scopesSchema.exactOptional(),
    addressRanges: addressRangesSchema.exactOptional(),
    expiresAt: z.iso.datetime().exactOptional().describe('When it ends. Absent: when it is revoked.'),
  }),
  response: madeKeySchema,
  status: 201,
  otherStatus: 200,
  errors: ['access.not_held', 'member.not_found', 'key.too_many', 'key.not_found'],
  idempotent: true,
  async handle(ports, { body, context }) {
    const principal = principalOf(context);
    const { tenantId } = principal;
    const now = ports.clock.now();
    const { memberId = principal.memberId, ...content } = body;
    if (body.expiresAt !== undefined && new Date(body.expiresAt) <= now) throw endsBefore();
    const scopes = await needMayMakeKey(ports.table, principal, { memberId, ...content });
    const { made, created } = await createOnce<{
      readonly record: Parameters<typeof apiKeyView>[0];
      readonly text?: string;
    }>(
      ports,
      { tenantId, key: context.idempotencyKey, digest: digestOf({ createKey: { memberId, ...content } }) },
      (remember) =>
        createApiKey(
          ports,
          { tenantId, memberId, ...content, ...(scopes === undefined ? {} : { scopes }) },
          { actor: principal, remember },
        ),
      async (keyId) => {
        const record = await findApiKey(ports.table, keyId);
        if (record === undefined) throw missingKey();
        return { record };
      },
    );
    return {
      status: created ? 201 : 200,
      body: { key: apiKeyView(made.record, now), ...(made.text === undefined ? {} : { text: made.text }) },
    };
  },
});

function endsBefore(): EngineError {
  return new EngineError('request.invalid', '1 field(s) of the request are not valid.', {
    fields: [
      {
        path: 'expiresAt',
        code: 'field.invalid',
        reason: 'it is in the past: the key would never live',
        remedy: 'name a later time, or leave it out',
      },
    ],
  });
}

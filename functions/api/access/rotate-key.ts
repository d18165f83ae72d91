import { z } from 'zod';
import { keyIdSchema } from '../../../core/access/api-key.ts';
import { needRotatableKey } from '../../../core/access/key-rights.ts';
import { rotateApiKey } from '../../../core/access/key-rotation.ts';
import { accessLimits } from '../../../core/access/limits.ts';
import { apiKeyView, madeKeySchema } from '../../../core/access/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const rotateKey = defineOperation({
  id: 'rotateKey',
  method: 'POST',
  path: '/v1/keys/{keyId}:rotate',
  summary: 'Make the key that follows another, with what that one may; both live for a while',
  access: { kind: 'permission', permission: 'keys:own' },
  params: z.strictObject({ keyId: keyIdSchema }),
  query: z.strictObject({}),
  body: z.strictObject({
    overlapSeconds: z
      .number()
      .int()
      .min(0)
      .max(90 * 86_400)
      .default(accessLimits.rotationSeconds)
      .describe('How long the old key lives on, unless it ends before; a week unless said otherwise.'),
  }),
  response: madeKeySchema,
  status: 201,
  errors: ['key.not_found', 'access.not_held', 'key.not_live', 'key.rotating', 'key.too_many', 'member.not_found'],
  async handle(ports, { params, body, context }) {
    const principal = principalOf(context);
    const scopes = await needRotatableKey(ports.table, principal, params.keyId);
    const { record, text } = await rotateApiKey(ports, principal, params.keyId, body.overlapSeconds, scopes);
    return { body: { key: apiKeyView(record, ports.clock.now()), text } };
  },
});

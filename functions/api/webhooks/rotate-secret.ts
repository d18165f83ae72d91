import { z } from 'zod';
import { rotateSecret } from '../../../core/webhooks/change-endpoint.ts';
import { webhookLimits } from '../../../core/webhooks/limits.ts';
import { madeWebhookSchema, webhookView } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { changePorts, webhookParams } from './webhook-params.ts';

export const rotateWebhookSecret = defineOperation({
  id: 'rotateWebhookSecret',
  method: 'POST',
  path: '/v1/webhooks/{id}:rotate',
  summary:
    'Give a webhook another secret, which is in this answer and never again; the one before signs too for a while',
  access: { kind: 'permission', permission: 'webhooks:write' },
  params: webhookParams,
  query: z.strictObject({}),
  body: z
    .strictObject({
      overlapSeconds: z
        .number()
        .int()
        .min(0)
        .max(webhookLimits.mostOverlapSeconds)
        .default(webhookLimits.overlapSeconds)
        .describe('Seconds for which the secret before signs too; 0: it ends at once.'),
    })
    .optional(),
  bodyOptional: true,
  response: madeWebhookSchema,
  status: 200,
  errors: ['webhook.not_found', 'webhook.secrets_too_many'],
  async handle(ports, { params, body, context }) {
    const { overlapSeconds = webhookLimits.overlapSeconds } = body ?? {};
    const made = await rotateSecret(changePorts(ports), principalOf(context), params.id, overlapSeconds);
    const { stored, secret } = made;
    return { body: { webhook: webhookView(stored, ports.clock.now()), ...(secret === undefined ? {} : { secret }) } };
  },
});

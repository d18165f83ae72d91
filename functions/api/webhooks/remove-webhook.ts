import { z } from 'zod';
import { removeEndpoint } from '../../../core/webhooks/change-endpoint.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { webhookParams } from './webhook-params.ts';

export const removeWebhook = defineOperation({
  id: 'removeWebhook',
  method: 'DELETE',
  path: '/v1/webhooks/{id}',
  summary: 'Remove a webhook with its secrets',
  access: { kind: 'permission', permission: 'webhooks:write' },
  params: webhookParams,
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ removed: z.literal(true) }).meta({ id: 'WebhookRemoval' }),
  status: 200,
  errors: ['webhook.not_found'],
  async handle(ports, { params, context }) {
    await removeEndpoint(ports, principalOf(context), params.id);
    return { body: { removed: true as const } };
  },
});

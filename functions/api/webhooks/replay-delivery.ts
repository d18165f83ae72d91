import { z } from 'zod';
import { replayDelivery } from '../../../core/webhooks/replay.ts';
import { deliveryView, deliveryViewSchema } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { deliveryParams } from './webhook-params.ts';

export const replayWebhookDelivery = defineOperation({
  id: 'replayWebhookDelivery',
  method: 'POST',
  path: '/v1/webhooks/{id}/deliveries/{deliveryId}:replay',
  summary: 'Send a delivery again, however it ended, with the same `webhook-id`',
  access: { kind: 'permission', permission: 'webhooks:write' },
  params: deliveryParams,
  query: z.strictObject({}),
  body: undefined,
  response: deliveryViewSchema,
  status: 202,
  errors: ['webhook.not_found', 'webhook.delivery_not_found'],
  async handle(ports, { params, context }) {
    return { body: deliveryView(await replayDelivery(ports, principalOf(context), params.id, params.deliveryId)) };
  },
});

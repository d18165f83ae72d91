import { z } from 'zod';
import { getDelivery, readAttempts } from '../../../core/webhooks/delivery-repository.ts';
import { getEndpoint } from '../../../core/webhooks/endpoint-repository.ts';
import { deliveryDetail, deliveryDetailSchema } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { deliveryParams } from './webhook-params.ts';

export const readWebhookDelivery = defineOperation({
  id: 'readWebhookDelivery',
  method: 'GET',
  path: '/v1/webhooks/{id}/deliveries/{deliveryId}',
  summary: 'A delivery with what was posted, its attempts and what came of each',
  access: { kind: 'permission', permission: 'webhooks:read' },
  params: deliveryParams,
  query: z.strictObject({}),
  body: undefined,
  response: deliveryDetailSchema,
  status: 200,
  errors: ['webhook.not_found', 'webhook.delivery_not_found'],
  async handle({ table, clock }, { params, context }) {
    const { id, deliveryId } = params;
    await getEndpoint(table, principalOf(context).tenantId, id);
    const { delivery } = await getDelivery(table, id, deliveryId, clock.now());
    return { body: deliveryDetail(delivery, await readAttempts(table, deliveryId)) };
  },
});

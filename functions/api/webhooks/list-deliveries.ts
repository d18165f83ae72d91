import { z } from 'zod';
import { deliveryStates } from '../../../core/webhooks/delivery.ts';
import { listDeliveries } from '../../../core/webhooks/delivery-repository.ts';
import { getEndpoint } from '../../../core/webhooks/endpoint-repository.ts';
import { deliveryView, deliveryViewSchema } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { nextCursor, pageQuery, readPage } from '../../shared/paging.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { webhookParams } from './webhook-params.ts';

export const listWebhookDeliveries = defineOperation({
  id: 'listWebhookDeliveries',
  method: 'GET',
  path: '/v1/webhooks/{id}/deliveries',
  summary: 'What was sent to a webhook, or is to be, by event, the latest first; it is kept for 30 days',
  access: { kind: 'permission', permission: 'webhooks:read' },
  params: webhookParams,
  query: z.strictObject({
    ...pageQuery,
    state: z.enum(deliveryStates).exactOptional().describe('Only those that stand so.'),
  }),
  body: undefined,
  response: z
    .strictObject({ deliveries: z.array(deliveryViewSchema), cursor: nextCursor })
    .meta({ id: 'WebhookDeliveryList' }),
  status: 200,
  errors: ['webhook.not_found', 'cursor.invalid'],
  async handle({ table, clock, installation }, { params, query, context }) {
    const { tenantId } = principalOf(context);
    await getEndpoint(table, tenantId, params.id);
    const { state } = query;
    const scope = ['listWebhookDeliveries', tenantId, params.id, state ?? ''];
    const { page, next } = await readPage(installation.cursorSecret, scope, query, (at) =>
      listDeliveries(table, params.id, state, clock.now(), at),
    );
    return { body: { deliveries: page.deliveries.map(({ delivery }) => deliveryView(delivery)), ...next } };
  },
});

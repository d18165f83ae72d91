import { z } from 'zod';
import { digestOf } from '../../../core/digest.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { getDelivery } from '../../../core/webhooks/delivery-repository.ts';
import { pingEndpoint } from '../../../core/webhooks/replay.ts';
import { deliveryView, deliveryViewSchema } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { webhookParams } from './webhook-params.ts';

export const pingWebhook = defineOperation({
  id: 'pingWebhook',
  method: 'POST',
  path: '/v1/webhooks/{id}:ping',
  summary: 'Send `webhook.ping` to a webhook, enabled or not, once; read the delivery for what came of it',
  access: { kind: 'permission', permission: 'webhooks:write' },
  params: webhookParams,
  query: z.strictObject({}),
  body: undefined,
  response: deliveryViewSchema,
  status: 202,
  errors: ['webhook.not_found', 'webhook.delivery_not_found'],
  idempotent: true,
  async handle(ports, { params, context }) {
    const principal = principalOf(context);
    const { made } = await createOnce(
      ports,
      {
        ...{ tenantId: principal.tenantId, key: context.idempotencyKey },
        digest: digestOf({ pingWebhook: params.id }),
      },
      (remember) => pingEndpoint(ports, principal, params.id, remember),
      async (id) => (await getDelivery(ports.table, params.id, id, ports.clock.now())).delivery,
    );
    return { body: deliveryView(made) };
  },
});

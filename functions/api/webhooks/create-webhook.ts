import { z } from 'zod';
import { digestOf } from '../../../core/digest.ts';
import { createOnce } from '../../../core/tenancy/idempotency.ts';
import { createEndpoint, type EndpointWithSecret } from '../../../core/webhooks/change-endpoint.ts';
import { endpointContentSchema } from '../../../core/webhooks/endpoint.ts';
import { getEndpoint } from '../../../core/webhooks/endpoint-repository.ts';
import { madeWebhookSchema, webhookView } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { changePorts } from './webhook-params.ts';

export const createWebhook = defineOperation({
  id: 'createWebhook',
  method: 'POST',
  path: '/v1/webhooks',
  summary: 'Have events sent to an address; the secret that signs them is in this answer and never again',
  access: { kind: 'permission', permission: 'webhooks:write' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: endpointContentSchema,
  response: madeWebhookSchema,
  status: 201,
  otherStatus: 200,
  errors: ['webhook.url_refused', 'webhook.too_many', 'webhook.not_found', 'team.not_found'],
  idempotent: true,
  async handle(ports, { body, context }) {
    const principal = principalOf(context);
    const { tenantId } = principal;
    const { made, created } = await createOnce<EndpointWithSecret>(
      ports,
      { tenantId, key: context.idempotencyKey, digest: digestOf({ createWebhook: body }) },
      (remember) => createEndpoint(changePorts(ports), principal, body, remember),
      async (id) => ({ stored: await getEndpoint(ports.table, tenantId, id) }),
    );
    const webhook = webhookView(made.stored, ports.clock.now());
    return {
      status: created ? 201 : 200,
      body: { webhook, ...(made.secret === undefined ? {} : { secret: made.secret }) },
    };
  },
});

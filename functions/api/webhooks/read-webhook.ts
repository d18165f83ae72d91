import { z } from 'zod';
import { getEndpoint } from '../../../core/webhooks/endpoint-repository.ts';
import { webhookView, webhookViewSchema } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { webhookParams } from './webhook-params.ts';

export const readWebhook = defineOperation({
  id: 'readWebhook',
  method: 'GET',
  path: '/v1/webhooks/{id}',
  summary: 'A webhook, and how it has answered of late',
  access: { kind: 'permission', permission: 'webhooks:read' },
  params: webhookParams,
  query: z.strictObject({}),
  body: undefined,
  response: webhookViewSchema,
  status: 200,
  errors: ['webhook.not_found'],
  async handle({ table, clock }, { params, context }) {
    return { body: webhookView(await getEndpoint(table, principalOf(context).tenantId, params.id), clock.now()) };
  },
});

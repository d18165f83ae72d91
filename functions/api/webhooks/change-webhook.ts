import { z } from 'zod';
import { changeEndpoint } from '../../../core/webhooks/change-endpoint.ts';
import { endpointContentSchema } from '../../../core/webhooks/endpoint.ts';
import { webhookView, webhookViewSchema } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { changePorts, webhookParams } from './webhook-params.ts';

const { url, events, teamId, description, enabled } = endpointContentSchema.shape;

export const changeWebhook = defineOperation({
  id: 'changeWebhook',
  method: 'PATCH',
  path: '/v1/webhooks/{id}',
  summary: 'Change a webhook: what is not named stays; enabling it again forgets why it was not',
  access: { kind: 'permission', permission: 'webhooks:write' },
  params: webhookParams,
  query: z.strictObject({}),
  body: z.strictObject({
    url: url.exactOptional(),
    events: events.exactOptional(),
    teamId: teamId.unwrap().nullable().exactOptional().describe('null: of the whole tenant.'),
    description: description.unwrap().exactOptional(),
    enabled: enabled.unwrap().exactOptional(),
  }),
  response: webhookViewSchema,
  status: 200,
  errors: ['webhook.not_found', 'webhook.url_refused', 'team.not_found'],
  async handle(ports, { params, body, context }) {
    const stored = await changeEndpoint(changePorts(ports), principalOf(context), params.id, body);
    return { body: webhookView(stored, ports.clock.now()) };
  },
});

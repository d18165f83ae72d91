import { z } from 'zod';
import { readEndpoints } from '../../../core/webhooks/endpoint-repository.ts';
import { webhookLimits } from '../../../core/webhooks/limits.ts';
import { webhookView, webhookViewSchema } from '../../../core/webhooks/views.ts';
import { defineOperation } from '../../shared/operation.ts';
import { principalOf } from '../../shared/principal-of.ts';

export const listWebhooks = defineOperation({
  id: 'listWebhooks',
  method: 'GET',
  path: '/v1/webhooks',
  summary: `The webhooks of the tenant, the oldest first: all of them, at most ${webhookLimits.endpoints}`,
  access: { kind: 'permission', permission: 'webhooks:read' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z.strictObject({ webhooks: z.array(webhookViewSchema) }).meta({ id: 'WebhookList' }),
  status: 200,
  errors: [],
  async handle({ table, clock }, { context }) {
    const endpoints = await readEndpoints(table, principalOf(context).tenantId);
    return { body: { webhooks: endpoints.map((stored) => webhookView(stored, clock.now())) } };
  },
});

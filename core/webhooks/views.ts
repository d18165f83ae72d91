import { z } from 'zod';
import { tryJson } from '../json.ts';
import { type AttemptRecord, attemptRecordSchema, type DeliveryRecord, deliveryStates } from './delivery.ts';
import { disabledReasons, livingSecrets } from './endpoint.ts';
import type { StoredEndpoint } from './endpoint-repository.ts';

/** What the API shows of webhooks: never a secret, but in the answer that makes one. */

export const webhookViewSchema = z
  .strictObject({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    teamId: z.string().exactOptional(),
    description: z.string(),
    enabled: z.boolean(),
    disabled: z
      .strictObject({
        reason: z
          .enum(disabledReasons)
          .describe('asked: somebody wants that. gone: it answered 410. failing: nothing arrived for days.'),
        at: z.string(),
      })
      .exactOptional()
      .describe('There exactly where it is not enabled.'),
    failingSince: z.string().exactOptional().describe('Since when nothing has arrived; absent: the last delivery did.'),
    secrets: z
      .array(
        z.strictObject({
          version: z.number().int(),
          createdAt: z.string(),
          expiresAt: z.string().exactOptional().describe('When it signs no more.'),
        }),
      )
      .describe('Those that sign, the latest first; never their texts.'),
    createdAt: z.string(),
    changedAt: z.string(),
  })
  .meta({ id: 'Webhook' });
type WebhookView = z.input<typeof webhookViewSchema>;

export const madeWebhookSchema = z
  .strictObject({
    webhook: webhookViewSchema,
    secret: z
      .string()
      .exactOptional()
      .describe(
        'The text of its new secret, `whsec_…`: in this answer and never again. Absent where the call came before.',
      ),
  })
  .meta({ id: 'MadeWebhook' });

export function webhookView({ endpoint, health }: StoredEndpoint, now: Date): WebhookView {
  const { tenantId: _, secrets: __, ...shown } = endpoint;
  const living = [...livingSecrets(endpoint, now)].reverse();
  return {
    ...shown,
    ...(health.failingSince === undefined ? {} : { failingSince: health.failingSince }),
    secrets: living.map(({ sealed: ___, ...secret }) => secret),
  };
}

export const deliveryViewSchema = z
  .strictObject({
    id: z.string().describe('What the receiver gets as `webhook-id`.'),
    webhookId: z.string(),
    eventId: z.string(),
    type: z.string(),
    at: z.string().describe('When what the event tells became true.'),
    state: z
      .enum(deliveryStates)
      .describe('pending: to be tried, or tried again. failed: given up. skipped: the webhook was not enabled.'),
    attempts: z.number().int(),
    status: z.number().int().exactOptional().describe('Of the last answer.'),
    reason: z.string().exactOptional().describe('Why the last attempt failed, or there was none.'),
    nextAt: z.string().exactOptional().describe('Of a pending one: when it is tried next.'),
    endedAt: z.string().exactOptional(),
  })
  .meta({ id: 'WebhookDelivery' });

export const deliveryDetailSchema = z
  .strictObject({
    ...deliveryViewSchema.shape,
    payload: z.unknown().describe('The body that is posted.'),
    tried: z
      .array(attemptRecordSchema.meta({ id: 'WebhookAttempt' }))
      .describe('Its attempts, the latest first. Headers are shown without the signatures.'),
  })
  .meta({ id: 'WebhookDeliveryDetail' });

export function deliveryView(delivery: DeliveryRecord): z.input<typeof deliveryViewSchema> {
  const { id, endpointId: webhookId, eventId, type, at, state, attempts, status, reason, dueAt, endedAt } = delivery;
  return {
    ...{ id, webhookId, eventId, type, at, state, attempts },
    ...(status === undefined ? {} : { status }),
    ...(reason === undefined ? {} : { reason }),
    ...(dueAt === undefined ? {} : { nextAt: dueAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}

export function deliveryDetail(
  delivery: DeliveryRecord,
  attempts: readonly AttemptRecord[],
): z.input<typeof deliveryDetailSchema> {
  return { ...deliveryView(delivery), payload: tryJson(delivery.body), tried: [...attempts] };
}

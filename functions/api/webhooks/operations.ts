import type { Operation } from '../../shared/operation.ts';
import { changeWebhook } from './change-webhook.ts';
import { createWebhook } from './create-webhook.ts';
import { listWebhookDeliveries } from './list-deliveries.ts';
import { listWebhooks } from './list-webhooks.ts';
import { pingWebhook } from './ping-webhook.ts';
import { readWebhookDelivery } from './read-delivery.ts';
import { readWebhook } from './read-webhook.ts';
import { removeWebhook } from './remove-webhook.ts';
import { replayWebhookDeliveries } from './replay-deliveries.ts';
import { replayWebhookDelivery } from './replay-delivery.ts';
import { rotateWebhookSecret } from './rotate-secret.ts';

export const webhookOperations: readonly Operation[] = [
  createWebhook,
  listWebhooks,
  readWebhook,
  changeWebhook,
  removeWebhook,
  rotateWebhookSecret,
  pingWebhook,
  listWebhookDeliveries,
  readWebhookDelivery,
  replayWebhookDelivery,
  replayWebhookDeliveries,
];

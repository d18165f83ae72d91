import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type {
  ChangeWebhookData,
  CreateWebhookData,
  ListWebhookDeliveriesData,
  MadeWebhook,
  ReplayWebhookDeliveriesData,
  Webhook,
  WebhookDelivery,
  WebhookDeliveryDetail,
} from './generated/types.gen.ts';

/** Which deliveries are listed; without any of it all. */
export type DeliveryFilter = Omit<NonNullable<ListWebhookDeliveriesData['query']>, 'limit' | 'cursor'>;

const pageSize = 100;

/** The calls of a client that are about webhooks. */
export function webhookCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;
  const at = (id: string) => ({ ...shared, path: { id } });
  const once = (idempotencyKey: string | undefined) =>
    idempotencyKey === undefined ? {} : { headers: { 'Idempotency-Key': idempotencyKey } };

  /** Has events sent to an address. The answer holds the secret that signs them, which no other call answers. */
  const createWebhook = async (body: CreateWebhookData['body'], idempotencyKey?: string): Promise<MadeWebhook> =>
    (await operations.createWebhook({ ...shared, body, ...once(idempotencyKey) })).data;

  const listWebhooks = async (): Promise<readonly Webhook[]> => (await operations.listWebhooks(shared)).data.webhooks;

  const readWebhook = async (id: string): Promise<Webhook> => (await operations.readWebhook(at(id))).data;

  const changeWebhook = async (id: string, body: ChangeWebhookData['body']): Promise<Webhook> =>
    (await operations.changeWebhook({ ...at(id), body })).data;

  async function removeWebhook(id: string): Promise<void> {
    await operations.removeWebhook(at(id));
  }

  /**
   * Gives it another secret, which is in the answer.
   * @param overlapSeconds for which the one before signs too; a day unless given
   */
  const rotateWebhookSecret = async (id: string, overlapSeconds?: number): Promise<MadeWebhook> =>
    (
      await operations.rotateWebhookSecret({
        ...at(id),
        body: overlapSeconds === undefined ? {} : { overlapSeconds },
      })
    ).data;

  /** Sends `webhook.ping`; what came of it is in the delivery. */
  const pingWebhook = async (id: string, idempotencyKey?: string): Promise<WebhookDelivery> =>
    (await operations.pingWebhook({ ...at(id), ...once(idempotencyKey) })).data;

  /** What was sent or is to be, the latest first; at most that many. */
  async function listWebhookDeliveries(
    id: string,
    filter: DeliveryFilter = {},
    most = 1_000,
  ): Promise<readonly WebhookDelivery[]> {
    const all: WebhookDelivery[] = [];
    let cursor: string | undefined;
    do {
      const query = { ...filter, limit: Math.min(pageSize, most), ...(cursor === undefined ? {} : { cursor }) };
      const { data } = await operations.listWebhookDeliveries({ ...at(id), query });
      all.push(...data.deliveries);
      cursor = data.cursor;
    } while (cursor !== undefined && all.length < most);
    return all.slice(0, most);
  }

  const readWebhookDelivery = async (id: string, deliveryId: string): Promise<WebhookDeliveryDetail> =>
    (await operations.readWebhookDelivery({ ...shared, path: { id, deliveryId } })).data;

  const replayWebhookDelivery = async (id: string, deliveryId: string): Promise<WebhookDelivery> =>
    (await operations.replayWebhookDelivery({ ...shared, path: { id, deliveryId } })).data;

  /** Sends all deliveries of a range again. @returns how many there were */
  async function replayWebhookDeliveries(
    id: string,
    range: Omit<ReplayWebhookDeliveriesData['body'], 'cursor'>,
  ): Promise<number> {
    let replayed = 0;
    let cursor: string | undefined;
    do {
      const body = { ...range, ...(cursor === undefined ? {} : { cursor }) };
      const { data } = await operations.replayWebhookDeliveries({ ...at(id), body });
      replayed += data.replayed;
      cursor = data.cursor;
    } while (cursor !== undefined);
    return replayed;
  }

  return {
    ...{ createWebhook, listWebhooks, readWebhook, changeWebhook, removeWebhook, rotateWebhookSecret, pingWebhook },
    ...{ listWebhookDeliveries, readWebhookDelivery, replayWebhookDelivery, replayWebhookDeliveries },
  };
}

import * as operations from './generated/sdk.gen.ts';
import type {
  ChangeWebhookData,
  CreateWebhookData,
  ListWebhookDeliveriesData,
  ListWebhookDeliveriesResponse,
  MadeWebhook,
  ReplayWebhookDeliveriesData,
  Webhook,
  WebhookDelivery,
  WebhookDeliveryDetail,
} from './generated/types.gen.ts';
import { type Listing, listing, type PageQuery } from './pages.ts';
import type { CallOptions, KeyedCallOptions, Transport } from './transport.ts';

/** Which deliveries are listed; without any of it all. */
export type DeliveryFilter = Omit<NonNullable<ListWebhookDeliveriesData['query']>, 'limit' | 'cursor'>;

/** Webhooks. @internal */
export function webhookCalls(engine: Transport) {
  const at = (id: string, options: KeyedCallOptions | undefined) => ({ ...engine.of(options), path: { id } });
  return {
    /** Has events sent to an address. The answer holds the secret that signs them, which no other call answers. */
    create: async (body: CreateWebhookData['body'], options?: KeyedCallOptions): Promise<MadeWebhook> =>
      (await operations.createWebhook({ ...engine.of(options), body })).data,

    list: async (options?: CallOptions): Promise<readonly Webhook[]> =>
      (await operations.listWebhooks(engine.of(options))).data.webhooks,

    read: async (id: string, options?: CallOptions): Promise<Webhook> =>
      (await operations.readWebhook(at(id, options))).data,

    change: async (id: string, body: ChangeWebhookData['body'], options?: CallOptions): Promise<Webhook> =>
      (await operations.changeWebhook({ ...at(id, options), body })).data,

    remove: async (id: string, options?: CallOptions): Promise<void> => {
      await operations.removeWebhook(at(id, options));
    },

    /**
     * Gives it another secret, which is in the answer.
     * @param overlapSeconds for which the one before signs too; a day unless given
     */
    rotateSecret: async (id: string, overlapSeconds?: number, options?: CallOptions): Promise<MadeWebhook> => {
      const body = overlapSeconds === undefined ? {} : { overlapSeconds };
      return (await operations.rotateWebhookSecret({ ...at(id, options), body })).data;
    },

    /** Sends `webhook.ping`; what came of it is in the delivery. */
    ping: async (id: string, options?: KeyedCallOptions): Promise<WebhookDelivery> =>
      (await operations.pingWebhook(at(id, options))).data,

    /** What was sent or is to be, the latest first. */
    listDeliveries: (
      id: string,
      filter: DeliveryFilter & PageQuery = {},
      options?: CallOptions,
    ): Listing<ListWebhookDeliveriesResponse, WebhookDelivery> =>
      listing(
        filter,
        async (page) =>
          (await operations.listWebhookDeliveries({ ...at(id, options), query: { ...filter, ...page } })).data,
        ({ deliveries }) => deliveries,
      ),

    readDelivery: async (id: string, deliveryId: string, options?: CallOptions): Promise<WebhookDeliveryDetail> =>
      (await operations.readWebhookDelivery({ ...engine.of(options), path: { id, deliveryId } })).data,

    replayDelivery: async (id: string, deliveryId: string, options?: CallOptions): Promise<WebhookDelivery> =>
      (await operations.replayWebhookDelivery({ ...engine.of(options), path: { id, deliveryId } })).data,

    /** Sends all deliveries of a range again. @returns how many there were */
    replayDeliveries: async (
      id: string,
      range: Omit<ReplayWebhookDeliveriesData['body'], 'cursor'>,
      options?: CallOptions,
    ): Promise<number> => {
      let replayed = 0;
      let cursor: string | undefined;
      do {
        const body = { ...range, ...(cursor === undefined ? {} : { cursor }) };
        const { data } = await operations.replayWebhookDeliveries({ ...at(id, options), body });
        replayed += data.replayed;
        cursor = data.cursor;
      } while (cursor !== undefined);
      return replayed;
    },
  };
}

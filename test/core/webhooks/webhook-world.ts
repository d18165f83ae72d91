import { createWebhookSender } from '../../../adapters/network/webhook-sender.ts';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { createKeyVault } from '../../../adapters/vault/key-vault.ts';
import type { Actor } from '../../../core/audit/entry.ts';
import { pendingPlace } from '../../../core/audit/places.ts';
import { eventEnvelope, scheduleEnvelope } from '../../../core/events/envelope.ts';
import { type EngineEvent, type EventType, engineEventSchema } from '../../../core/events/event.ts';
import { newEvent, overdueEvents } from '../../../core/events/outbox.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Ids } from '../../../core/ports/ids.ts';
import type { Table } from '../../../core/ports/table.ts';
import type { WebhookSender } from '../../../core/ports/webhook-sender.ts';
import type { DeliverPorts } from '../../../core/webhooks/attempt.ts';
import { createEndpoint } from '../../../core/webhooks/change-endpoint.ts';
import type { AttemptRecord, DeliveryRecord } from '../../../core/webhooks/delivery.ts';
import { listDeliveries, readAttempts } from '../../../core/webhooks/delivery-repository.ts';
import type { EndpointContent } from '../../../core/webhooks/endpoint.ts';
import { handle } from '../../../functions/events/deliver-webhook/deliver-webhook.ts';

export const tenantId = 'ten_1';
export const actor: Actor = { tenantId, memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' };

/** The engine's own part in webhooks over a table of its own, on a clock that tests set. */
export interface WebhookWorld {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly ports: DeliverPorts & Parameters<typeof createEndpoint>[0];
  now: number;
  /** Makes an endpoint; its secret's text. */
  endpoint(
    content: Partial<EndpointContent> & { readonly url: string },
    tenant?: string,
  ): Promise<{ id: string; secret: string }>;
  event(type?: EventType, detail?: Parameters<typeof newEvent<'build.failed'>>[3]): EngineEvent;
  /** Calls the function with an event. */
  tell(event: EngineEvent, ports?: DeliverPorts): Promise<unknown>;
  /** Calls it as its schedule does. */
  sweep(ports?: DeliverPorts): Promise<unknown>;
  deliveries(endpointId: string): Promise<readonly DeliveryRecord[]>;
  attempts(deliveryId: string): Promise<readonly AttemptRecord[]>;
  /** Events that lie in the outbox, by type. */
  told(type: EventType): Promise<readonly EngineEvent[]>;
  audited(): Promise<readonly string[]>;
  close(): void;
}

const start = Date.parse('2026-11-27T06:00:00.000Z');

export function openWebhookWorld(
  sender: WebhookSender = createWebhookSender({ privateHosts: ['127.0.0.1'], answerMilliseconds: 500 }),
): WebhookWorld {
  const time = { now: start };
  const clock: Clock = {
    now: () => new Date(time.now),
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
  };
  const ids = createIds(clock);
  const sqlite = openSqliteTable({ file: ':memory:', clock });
  const vault = createKeyVault(new Uint8Array(32));
  const ports = { table: sqlite, clock, ids, vault, webhooks: sender, privateHosts: ['127.0.0.1'] };
  const world: WebhookWorld = {
    ...{ table: sqlite, clock, ids, ports },
    get now() {
      return time.now;
    },
    set now(milliseconds) {
      time.now = milliseconds;
    },
    async endpoint(content, tenant = tenantId) {
      const { stored, secret = '' } = await createEndpoint(
        ports,
        { ...actor, tenantId: tenant },
        { events: ['*'], description: '', enabled: true, ...content },
        () => [],
      );
      return { id: stored.endpoint.id, secret };
    },
    event: (type = 'build.failed', detail = { buildId: 'bld_1', code: 'script.failed' }) => ({
      ...newEvent({ clock, ids }, 'build.failed', tenantId, detail),
      type,
    }),
    tell: (event, given = ports) => handle(given, eventEnvelope(event)),
    sweep: (given = ports) => handle(given, scheduleEnvelope('s', clock.now())),
    async deliveries(endpointId) {
      const page = await listDeliveries(sqlite, endpointId, undefined, clock.now(), { limit: 1_000 });
      return page.deliveries.map(({ delivery }) => delivery);
    },
    attempts: (deliveryId) => readAttempts(sqlite, deliveryId),
    async told(type) {
      const events = await overdueEvents(sqlite, new Date(8.64e15));
      return events.filter((event) => event.type === type).map((event) => engineEventSchema.parse(event));
    },
    async audited() {
      const { partition } = pendingPlace(tenantId, 'aud_0');
      const { records } = await sqlite.query({ partition, limit: 1_000 });
      return records.map(({ data }) => String(data.action));
    },
    close: () => sqlite.close(),
  };
  return world;
}

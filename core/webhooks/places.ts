import { shardCount, shardOf } from '../builds/keys.ts';
import type { TableKey } from '../ports/table.ts';

/** Names that secrets of webhooks are sealed for begin with it; no secret that a spec names does. */
export const webhookSecretPrefix = 'webhook/';

/** Where webhooks stand in the table. All of a tenant's endpoints are read at once, with what is known of them. */
export const webhooksPartition = (tenantId: string): string => `WEBHOOKS#${tenantId}`;

export const endpointPrefix = 'ENDPOINT#';
export const endpointPlace = (tenantId: string, id: string): TableKey => ({
  partition: webhooksPartition(tenantId),
  sort: `${endpointPrefix}${id}`,
});

/** How an endpoint has answered of late: apart from the endpoint, which people change. */
export const healthPrefix = 'HEALTH#';
export const healthPlace = (tenantId: string, id: string): TableKey => ({
  partition: webhooksPartition(tenantId),
  sort: `${healthPrefix}${id}`,
});

/** How many endpoints a tenant has. */
export const webhookBookPlace = (tenantId: string): TableKey => ({
  partition: webhooksPartition(tenantId),
  sort: 'BOOK',
});

/** Deliveries of an endpoint in the order of their events. */
export const deliveryPlace = (endpointId: string, deliveryId: string): TableKey => ({
  partition: `WEBHOOKLOG#${endpointId}`,
  sort: deliveryId,
});

/** Index byTenant: the same by how they stand. */
export const deliveriesOfState = (endpointId: string, state: string, deliveryId: string): TableKey => ({
  partition: `WEBHOOKLOG#${endpointId}#${state}`,
  sort: deliveryId,
});

/** Index byState: deliveries of an endpoint that are to be tried, the one that is due first. */
export const dueDelivery = (dueAt: string, endpointId: string, deliveryId: string): TableKey => ({
  partition: duePartition(endpointId),
  sort: `${dueAt}#${deliveryId}`,
});
export const duePartition = (endpointId: string): string => `WEBHOOKDUE#${endpointId}`;

/** Index byState: the endpoints of all tenants. */
export const anyEndpoint = (tenantId: string, id: string): TableKey => ({
  partition: endpointsPartition(shardOf(id)),
  sort: `${tenantId}#${id}`,
});
const endpointsPartition = (shard: number): string => `WEBHOOKENDPOINTS#${shard}`;
export const endpointsPartitions: readonly string[] = Array.from({ length: shardCount }, (_, shard) =>
  endpointsPartition(shard),
);

/** Held by whoever sends to a tenant's endpoints what has just happened. */
export const slotPlace = (tenantId: string, slot: number): TableKey => ({
  partition: `WEBHOOKSLOTS#${tenantId}`,
  sort: String(slot),
});

export const attemptsPartition = (deliveryId: string): string => `WEBHOOKATTEMPTS#${deliveryId}`;
export const attemptPlace = (deliveryId: string, number: number): TableKey => ({
  partition: attemptsPartition(deliveryId),
  sort: String(number).padStart(6, '0'),
});

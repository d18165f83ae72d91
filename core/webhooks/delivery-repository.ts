import { EngineError } from '../errors.ts';
import type { Table, TableRecord } from '../ports/table.ts';
import {
  type AttemptRecord,
  attemptRecordSchema,
  type DeliveryState,
  readDelivery,
  type StoredDelivery,
} from './delivery.ts';
import { attemptsPartition, deliveriesOfState, deliveryPlace } from './places.ts';

/** Attempts that are shown of a delivery: the latest ones. */
const shownAttempts = 50;

const isKept = (record: TableRecord, now: Date): boolean =>
  record.expiresAt === undefined || record.expiresAt * 1_000 > now.getTime();

/**
 * A page of an endpoint's deliveries, those of the latest events first.
 * @param state absent: of all
 */
export async function listDeliveries(
  table: Table,
  endpointId: string,
  state: DeliveryState | undefined,
  now: Date,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly deliveries: readonly StoredDelivery[]; readonly cursor?: string }> {
  const { partition } = state === undefined ? deliveryPlace(endpointId, '') : deliveriesOfState(endpointId, state, '');
  const { records, cursor } = await table.query({
    ...(state === undefined ? {} : { index: 'byTenant' }),
    ...{ partition, descending: true, ...page },
  });
  // The table deletes late, and an index shows late how a delivery stands.
  const deliveries = records
    .filter((record) => isKept(record, now))
    .map(readDelivery)
    .filter(({ delivery }) => state === undefined || delivery.state === state);
  return { deliveries, ...(cursor === undefined ? {} : { cursor }) };
}

/** @throws EngineError webhook.delivery_not_found */
export async function getDelivery(
  table: Table,
  endpointId: string,
  deliveryId: string,
  now: Date,
): Promise<StoredDelivery> {
  const record = await table.get(deliveryPlace(endpointId, deliveryId));
  if (record === undefined || !isKept(record, now)) {
    throw new EngineError('webhook.delivery_not_found', 'The webhook has no delivery of this id.');
  }
  return readDelivery(record);
}

/** The attempts of a delivery, the latest first. */
export async function readAttempts(table: Table, deliveryId: string): Promise<readonly AttemptRecord[]> {
  const { records } = await table.query({
    ...{ partition: attemptsPartition(deliveryId), descending: true, limit: shownAttempts },
  });
  return records.map(({ data }) => attemptRecordSchema.parse(data));
}

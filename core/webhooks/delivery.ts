import { z } from 'zod';
import { sha256 } from '../digest.ts';
import { eventDetail } from '../events/catalogue.ts';
import { type EngineEvent, eventTypes } from '../events/event.ts';
import { toJsonObject } from '../json.ts';
import type { TableRecord, TableWrite } from '../ports/table.ts';
import { webhookIdSchema } from './endpoint.ts';
import { atVersion } from './endpoint-repository.ts';
import { webhookLimits } from './limits.ts';
import { attemptPlace, deliveriesOfState, deliveryPlace, dueDelivery } from './places.ts';

const timestamp = z.iso.datetime();

export const deliveryIdSchema = z.string().regex(/^whd_[0-9A-Z]{26}$/, 'must be the id of a delivery');

/**
 * pending: it is to be tried, or tried again. succeeded: the endpoint took it. failed: it was given up. skipped: the
 * endpoint was not enabled.
 */
export const deliveryStates = ['pending', 'succeeded', 'failed', 'skipped'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** That one event goes to one endpoint. */
export const deliveryRecordSchema = z.strictObject({
  id: deliveryIdSchema,
  tenantId: z.string(),
  endpointId: webhookIdSchema,
  eventId: z.string(),
  type: z.enum(eventTypes),
  /** Of the event. */
  at: timestamp,
  /** What is posted, to the byte, each time. */
  body: z.string(),
  state: z.enum(deliveryStates),
  /** Attempts in all, and since it was made or replayed. */
  attempts: z.number().int().min(0),
  tries: z.number().int().min(0),
  /** When its first attempt since then began. */
  triedAt: timestamp.exactOptional(),
  /** Of a pending one: when it is to be tried. */
  dueAt: timestamp.exactOptional(),
  /** While somebody tries it: as long as nobody else does. */
  claimedUntil: timestamp.exactOptional(),
  /** What came of the last attempt. */
  status: z.number().int().exactOptional(),
  reason: z.string().exactOptional(),
  endedAt: timestamp.exactOptional(),
  /** Epoch seconds from which on it is forgotten. */
  expires: z.number().int(),
});
export type DeliveryRecord = z.infer<typeof deliveryRecordSchema>;

/** One attempt: what was sent and what came. */
export const attemptRecordSchema = z.strictObject({
  number: z.number().int().min(1),
  at: timestamp,
  milliseconds: z.number().int().min(0),
  outcome: z.enum(['succeeded', 'failed']),
  /** Those that tell nothing secret: the signatures are left out. */
  requestHeaders: z.record(z.string(), z.string()),
  status: z.number().int().exactOptional(),
  /** Why it failed. */
  reason: z.string().exactOptional(),
  /** The begin of the answer's body. */
  response: z.string().exactOptional(),
  truncated: z.literal(true).exactOptional(),
  /** When the next attempt follows. */
  nextAt: timestamp.exactOptional(),
});
export type AttemptRecord = z.infer<typeof attemptRecordSchema>;

export interface StoredDelivery {
  readonly delivery: DeliveryRecord;
  /** 0: it is not stored yet. */
  readonly version: number;
}

export const readDelivery = (record: TableRecord): StoredDelivery => ({
  delivery: deliveryRecordSchema.parse(record.data),
  version: record.version,
});

/** Crockford's base 32, as ids are written (adapters/system/ids.ts). */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A time as ids begin with it: ten digits, which sort as the times do. */
export function timeDigits(at: Date): string {
  let text = '';
  for (let rest = Math.max(0, at.getTime()), left = 10; left > 0; left -= 1, rest = Math.floor(rest / 32)) {
    text = alphabet.charAt(rest % 32) + text;
  }
  return text;
}

/**
 * The id of an event's delivery to an endpoint, by which the receiver knows it too (`webhook-id`): the same however often
 * the event comes and the delivery is tried. It sorts by the event's time.
 */
export function deliveryIdOf(event: Pick<EngineEvent, 'id' | 'at'>, endpointId: string): string {
  const rest = sha256(`${event.id}\n${endpointId}`).slice(0, 16).toUpperCase();
  return `whd_${timeDigits(new Date(event.at))}${rest}`;
}

/** What is posted of an event: the members that Standard Webhooks names, and whose it is. */
export function deliveryBody(event: EngineEvent): string {
  const { id: eventId, type, version, tenantId, at } = event;
  return JSON.stringify({ type, timestamp: at, version, eventId, tenantId, data: eventDetail(event) });
}

/** Epoch seconds from which on what is written now is forgotten. */
export const expiryFrom = (now: Date): number => Math.floor(now.getTime() / 1_000) + webhookLimits.keptDays * 86_400;

/** A delivery as it begins. */
export function newDelivery(event: EngineEvent, endpointId: string, now: Date): DeliveryRecord {
  const { id: eventId, tenantId, type, at } = event;
  return {
    ...{ id: deliveryIdOf(event, endpointId), tenantId, endpointId, eventId, type, at },
    ...{ body: deliveryBody(event), state: 'pending', attempts: 0, tries: 0, dueAt: now.toISOString() },
    expires: expiryFrom(now),
  };
}

export function deliveryWrite(delivery: DeliveryRecord, version: number): TableWrite {
  const { id, endpointId, state, dueAt, expires } = delivery;
  return {
    ...{ kind: 'put', key: deliveryPlace(endpointId, id), data: toJsonObject(delivery), expiresAt: expires },
    indexes: {
      byTenant: deliveriesOfState(endpointId, state, id),
      ...(state === 'pending' && dueAt !== undefined ? { byState: dueDelivery(dueAt, endpointId, id) } : {}),
    },
    condition: atVersion(version),
  };
}

/** An attempt is written once with the delivery that counts it. */
export const attemptWrite = (deliveryId: string, attempt: AttemptRecord, expires: number): TableWrite => ({
  ...{ kind: 'put', key: attemptPlace(deliveryId, attempt.number), data: toJsonObject(attempt), expiresAt: expires },
});

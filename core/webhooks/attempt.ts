import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import type { Vault } from '../ports/vault.ts';
import type { WebhookAnswer, WebhookSender } from '../ports/webhook-sender.ts';
import {
  type AttemptRecord,
  attemptWrite,
  type DeliveryRecord,
  deliveryWrite,
  readDelivery,
  type StoredDelivery,
} from './delivery.ts';
import { type EndpointRecord, livingSecrets, pingType, sealedFor } from './endpoint.ts';
import { findEndpoint } from './endpoint-repository.ts';
import { webhookLimits } from './limits.ts';
import { type Attempt, recordOutcome } from './outcome.ts';
import { deliveryPlace } from './places.ts';
import { nextTry } from './schedule.ts';
import { signedHeaders } from './signature.ts';

export interface DeliverPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly vault: Pick<Vault, 'open'>;
  readonly webhooks: WebhookSender;
}

/** Names a delivery. */
export interface DeliveryName {
  readonly tenantId: string;
  readonly endpointId: string;
  readonly deliveryId: string;
}

/**
 * Milliseconds for which an attempt is its sender's own: longer than it can take, so that nobody else makes the same
 * attempt, and short enough that what a sender died over is soon tried again.
 */
const leaseMilliseconds = webhookLimits.answerMilliseconds + 45_000;

/** What came of a look at a delivery. idle: it is not due, or is somebody else's. */
export type Looked = 'succeeded' | 'failed' | 'skipped' | 'postponed' | 'idle';

/**
 * Tries a delivery once, if it is due and nobody else does. It is claimed by a conditional write before anything is sent,
 * and what came of it is written after that: who dies in between leaves a claim that ends, and the delivery is sent again
 * with the same id. Safe to call at any time, any number of times.
 * @throws EngineError service.unavailable; what the sender throws where the engine is being stopped
 */
export async function attemptDelivery(ports: DeliverPorts, name: DeliveryName): Promise<Looked> {
  const { table, clock } = ports;
  const { tenantId, endpointId, deliveryId } = name;
  const now = clock.now();
  const record = await table.get(deliveryPlace(endpointId, deliveryId));
  if (record === undefined) return 'idle';
  const found = readDelivery(record);
  const { delivery } = found;
  if (delivery.tenantId !== tenantId || delivery.state !== 'pending') return 'idle';
  if (delivery.dueAt !== undefined && new Date(delivery.dueAt) > now) return 'idle';

  const target = await findEndpoint(table, tenantId, endpointId);
  const isPing = delivery.type === pingType;
  if (target === undefined || !(target.endpoint.enabled || isPing)) {
    return (await took(ports, skipped(delivery, now), found)) ? 'skipped' : 'idle';
  }
  const { quietUntil } = target.health;
  if (!isPing && quietUntil !== undefined && new Date(quietUntil) > now) {
    return (await took(ports, { ...delivery, dueAt: quietUntil }, found)) ? 'postponed' : 'idle';
  }

  if (delivery.claimedUntil !== undefined) {
    const looked = await afterLostClaim(ports, found, now);
    if (looked !== undefined) return looked;
  }

  // Before the claim: where the key cannot be had, no attempt is spent.
  const secrets = await openSecrets(ports, target.endpoint, now);
  const claimedUntil = new Date(now.getTime() + leaseMilliseconds).toISOString();
  const claimed: DeliveryRecord = {
    ...{ ...delivery, attempts: delivery.attempts + 1, tries: delivery.tries + 1 },
    triedAt: delivery.triedAt ?? now.toISOString(),
    ...{ claimedUntil, dueAt: claimedUntil },
  };
  if (!(await took(ports, claimed, found))) return 'idle';
  const attempt = await send(ports, target.endpoint, claimed, secrets);
  return recordOutcome(ports, { delivery: claimed, version: found.version + 1 }, target, attempt);
}

/**
 * Of an attempt whose sender died it is not known whether it arrived. It counts as one that failed: the next one waits
 * as long as after that, and after the last one the delivery is given up.
 * @returns undefined where it is to be tried now
 */
async function afterLostClaim(ports: DeliverPorts, found: StoredDelivery, now: Date): Promise<Looked | undefined> {
  const { claimedUntil = '', dueAt: _, ...rest } = found.delivery;
  const ended = new Date(claimedUntil);
  const next = nextTry(rest.id, rest.tries, ended);
  if (next !== undefined && next <= now) return undefined;
  const reason = 'It is not known whether it arrived: the engine was stopped meanwhile.';
  const told: AttemptRecord = {
    ...{ number: rest.attempts, at: rest.triedAt ?? claimedUntil, milliseconds: 0, outcome: 'failed', reason },
    ...{ requestHeaders: {}, ...(next === undefined ? {} : { nextAt: next.toISOString() }) },
  };
  const after: DeliveryRecord =
    next === undefined
      ? { ...rest, state: 'failed', reason, endedAt: now.toISOString() }
      : { ...rest, reason, dueAt: next.toISOString() };
  const isOwn = await took(ports, after, found, [attemptWrite(rest.id, told, rest.expires)]);
  if (!isOwn) return 'idle';
  return next === undefined ? 'failed' : 'postponed';
}

/** A delivery to an endpoint that takes none. */
export function skipped(delivery: DeliveryRecord, now: Date): DeliveryRecord {
  const { dueAt: _, claimedUntil: __, ...rest } = delivery;
  return { ...rest, state: 'skipped', reason: 'The webhook is not enabled.', endedAt: now.toISOString() };
}

/** The texts of the secrets that sign now; undefined where one of them is damaged, and nothing can be signed rightly. */
async function openSecrets(
  { vault }: Pick<DeliverPorts, 'vault'>,
  endpoint: EndpointRecord,
  now: Date,
): Promise<readonly string[] | undefined> {
  // The latest first: receivers that look at one signature alone take the first.
  const living = [...livingSecrets(endpoint, now)].reverse();
  try {
    return await Promise.all(living.map(({ version, sealed }) => vault.open(sealedFor(endpoint, version), sealed)));
  } catch (error) {
    if (error instanceof EngineError && error.code === 'secret.damaged') return undefined;
    throw error;
  }
}

async function send(
  { clock, webhooks }: DeliverPorts,
  { url }: EndpointRecord,
  { id, body }: DeliveryRecord,
  secrets: readonly string[] | undefined,
): Promise<Attempt> {
  const at = clock.now();
  const plain = { 'content-type': 'application/json', 'user-agent': 'linux-builder-engine-webhooks/1' };
  const { 'webhook-signature': signature = '', ...named } = signedHeaders({ id, at, body }, secrets ?? []);
  const requestHeaders = { ...plain, ...named };
  const answer: WebhookAnswer =
    secrets === undefined
      ? { kind: 'refused', reason: 'The secret cannot be opened: rotate it.' }
      : await webhooks.send({ url, body, headers: { ...requestHeaders, 'webhook-signature': signature } });
  return { at, endedAt: clock.now(), requestHeaders, answer };
}

/** Writes a delivery over the one that was read; false where somebody else was faster. */
async function took(
  ports: DeliverPorts,
  next: DeliveryRecord,
  { version }: StoredDelivery,
  beside: readonly TableWrite[] = [],
): Promise<boolean> {
  try {
    await ports.table.transact([deliveryWrite(next, version), ...beside]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}

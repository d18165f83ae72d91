import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import type { Vault } from '../ports/vault.ts';
import type { WebhookAnswer, WebhookSender } from '../ports/webhook-sender.ts';
import { type DeliveryRecord, deliveryWrite, readDelivery, type StoredDelivery } from './delivery.ts';
import { type EndpointRecord, livingSecrets, pingType, sealedFor } from './endpoint.ts';
import { findEndpoint } from './endpoint-repository.ts';
import { webhookLimits } from './limits.ts';
import { type Attempt, recordOutcome } from './outcome.ts';
import { deliveryPlace } from './places.ts';
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
    const lost = await recordOutcome(ports, found, undefined, lostAttempt(delivery.claimedUntil));
    // The next one may be due already.
    const next = lost === 'idle' ? lost : await attemptDelivery(ports, name);
    return next === 'idle' ? lost : next;
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
 * An attempt whose sender died: it is not known whether it arrived, so it counts as one that failed, in the log and in when
 * the next follows. Of the endpoint it says nothing.
 */
function lostAttempt(claimedUntil: string): Attempt {
  const endedAt = new Date(claimedUntil);
  const reason = 'It is not known whether it arrived: the engine was stopped meanwhile.';
  return {
    ...{ at: new Date(endedAt.getTime() - leaseMilliseconds), endedAt, requestHeaders: {} },
    answer: { kind: 'unanswered', reason },
  };
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
async function took(ports: DeliverPorts, next: DeliveryRecord, { version }: StoredDelivery): Promise<boolean> {
  try {
    await ports.table.transact([deliveryWrite(next, version)]);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}

import { untilDone } from '../access/attempts.ts';
import { auditWrite } from '../audit/entry.ts';
import { outboxWrite } from '../events/outbox.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import type { WebhookAnswer } from '../ports/webhook-sender.ts';
import {
  type AttemptRecord,
  attemptWrite,
  type DeliveryRecord,
  deliveryWrite,
  type StoredDelivery,
} from './delivery.ts';
import { type DisabledReason, type Health, pingType } from './endpoint.ts';
import { atVersion, endpointWrite, findEndpoint, type StoredEndpoint } from './endpoint-repository.ts';
import { webhookLimits } from './limits.ts';
import { endpointPlace, healthPlace } from './places.ts';
import { nextTry, retryAfterSeconds } from './schedule.ts';

interface OutcomePorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What was sent and what came. */
export interface Attempt {
  readonly at: Date;
  readonly endedAt: Date;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly answer: WebhookAnswer;
}

/** Answers that ask to be left alone for a while, where they say how long. */
const busy: readonly number[] = [429, 503];

/** Milliseconds for which one that takes what is sent need not be written down as doing so again. */
const arrivalMilliseconds = 60_000;

/** Says that the endpoint is gone for good (RFC 9110, 15.5.11). */
const gone = 410;

/**
 * Writes what came of an attempt, with what follows for the endpoint, in one transaction: its health, and its end where
 * it is gone or where nothing has arrived since the delivery was first tried and that is given up.
 * @param claimed the delivery as the attempt's own claim left it
 * @param read the endpoint that was asked; undefined where the attempt says nothing of one
 * @returns idle where the claim is no longer the attempt's own: whoever has it tells
 */
export async function recordOutcome(
  ports: OutcomePorts,
  claimed: StoredDelivery,
  read: StoredEndpoint | undefined,
  attempt: Attempt,
): Promise<'succeeded' | 'failed' | 'idle'> {
  const { delivery, version } = claimed;
  let target: StoredEndpoint | undefined = read;
  return untilDone(async () => {
    const { after, told, outcome } = judge(delivery, attempt);
    // What another address answered says nothing of the one that the endpoint has now.
    const isAsked = read !== undefined && target?.endpoint.url === read.endpoint.url;
    const consequences = target && isAsked ? consequencesFor(ports, target, delivery, attempt, after) : [];
    try {
      await ports.table.transact([
        deliveryWrite(after, version),
        attemptWrite(delivery.id, told, after.expires),
        ...consequences,
      ]);
      return outcome;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (error.failed.includes(0)) return 'idle';
      // Somebody changed the endpoint, or another attempt told of its health: what follows is judged anew.
      target = read && (await findEndpoint(ports.table, delivery.tenantId, delivery.endpointId));
      return undefined;
    }
  });
}

/** What may be shown of a stranger's text: without control characters and marks that turn its direction. */
const plainText = (text: string): string =>
  text.replaceAll(/[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '');

/** Why an attempt failed, in a line; undefined where it did not. */
function faultOf(answer: WebhookAnswer): string | undefined {
  if (answer.kind !== 'answered') return answer.reason;
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  return status >= 300 && status < 400 ? `It redirects (${status}), which is not followed.` : `It answered ${status}.`;
}

/** A delivery after an attempt, and the attempt as it is kept. */
function judge(delivery: DeliveryRecord, attempt: Attempt) {
  const { at, endedAt, requestHeaders, answer } = attempt;
  const { dueAt: _, claimedUntil: __, status: ___, reason: ____, ...rest } = delivery;
  const fault = faultOf(answer);
  const answered = answer.kind === 'answered' ? answer : undefined;
  const isLast = delivery.type === pingType || answered?.status === gone;
  const next =
    fault === undefined || isLast ? undefined : nextTry(delivery.id, delivery.tries, endedAt, answered?.retryAfter);
  const outcome: 'succeeded' | 'failed' = fault === undefined ? 'succeeded' : 'failed';
  const came = {
    ...(answered === undefined ? {} : { status: answered.status }),
    ...(fault === undefined ? {} : { reason: fault }),
  };
  const after: DeliveryRecord = {
    ...{ ...rest, ...came },
    ...(next === undefined
      ? { state: outcome, endedAt: endedAt.toISOString() }
      : { state: 'pending', dueAt: next.toISOString() }),
  };
  const told: AttemptRecord = {
    ...{ number: delivery.attempts, at: at.toISOString(), outcome, ...came },
    milliseconds: Math.max(0, endedAt.getTime() - at.getTime()),
    requestHeaders: { ...requestHeaders },
    ...(answered === undefined ? {} : { response: plainText(answered.body) }),
    ...(answered?.truncated === true ? { truncated: true } : {}),
    ...(next === undefined ? {} : { nextAt: next.toISOString() }),
  };
  return { after, told, outcome };
}

/** What an attempt means for its endpoint. A ping is a question, and changes nothing of it. */
function consequencesFor(
  ports: OutcomePorts,
  target: StoredEndpoint,
  before: DeliveryRecord,
  { at, endedAt, answer }: Attempt,
  after: DeliveryRecord,
): TableWrite[] {
  if (before.type === pingType) return [];
  const { endpoint, health } = target;
  // Of a first attempt from its claim on, by which the delivery is judged when it is given up.
  const began = before.tries === 1 ? before.triedAt : undefined;
  const { failingSince = began ?? at.toISOString() } = health;
  const succeeded = after.state === 'succeeded';
  const { arrivedAt } = health;
  const next = succeeded
    ? { arrivedAt: endedAt.toISOString() }
    : { failingSince, ...(arrivedAt === undefined ? {} : { arrivedAt }), ...quiet(answer, endedAt) };
  const writes = healthWrites(target, next);
  // Of one that was removed meanwhile nothing is written down.
  const there: TableWrite = { kind: 'check', key: endpointKey(target), condition: { kind: 'exists' } };
  const alone = writes.length === 0 ? [] : [...writes, there];
  if (succeeded || !endpoint.enabled || after.state !== 'failed') return alone;
  if (answer.kind === 'answered' && answer.status === gone) return [...writes, ...disable(ports, target, 'gone')];
  // One that took others meanwhile refuses this delivery alone.
  if (before.triedAt === undefined || failingSince > before.triedAt) return alone;
  // Arrivals are written down to within a minute: one may have come so long after the last that is.
  const arrivedUntil = Date.parse(arrivedAt ?? '') + arrivalMilliseconds;
  if (arrivedUntil >= Date.parse(before.triedAt)) return alone;
  const unchanged: TableWrite[] =
    writes.length > 0
      ? writes
      : [{ kind: 'check', key: healthKey(target), condition: atVersion(target.healthVersion) }];
  return [...unchanged, ...disable(ports, target, 'failing', failingSince)];
}

function quiet(answer: WebhookAnswer, now: Date): Pick<Health, 'quietUntil'> {
  if (answer.kind !== 'answered' || !busy.includes(answer.status)) return {};
  const seconds = retryAfterSeconds(answer.retryAfter, now);
  if (seconds === undefined || seconds === 0) return {};
  const most = Math.min(seconds, webhookLimits.mostQuietSeconds);
  return { quietUntil: new Date(now.getTime() + most * 1_000).toISOString() };
}

const endpointKey = ({ endpoint }: StoredEndpoint) => endpointPlace(endpoint.tenantId, endpoint.id);
const healthKey = ({ endpoint }: StoredEndpoint) => healthPlace(endpoint.tenantId, endpoint.id);

/** The writes that make an endpoint's health another one: none where it stays as it is. */
function healthWrites(target: StoredEndpoint, next: Health): TableWrite[] {
  const { health, healthVersion } = target;
  const arrived = Date.parse(next.arrivedAt ?? '') - Date.parse(health.arrivedAt ?? '');
  const isKnown = next.arrivedAt === health.arrivedAt || arrived < arrivalMilliseconds;
  if (health.failingSince === next.failingSince && health.quietUntil === next.quietUntil && isKnown) return [];
  return [{ kind: 'put', key: healthKey(target), data: toJsonObject(next), condition: atVersion(healthVersion) }];
}

function disable(
  ports: OutcomePorts,
  { endpoint, version }: StoredEndpoint,
  reason: Exclude<DisabledReason, 'asked'>,
  failingSince?: string,
): TableWrite[] {
  const { id, tenantId } = endpoint;
  const at = ports.clock.now().toISOString();
  const told = { reason, ...(failingSince === undefined ? {} : { failingSince }) };
  return [
    endpointWrite({ ...endpoint, enabled: false, disabled: { reason, at }, changedAt: at }, version),
    auditWrite(ports, { tenantId }, { action: 'webhook.disabled', target: id, detail: told }),
    outboxWrite(ports, 'webhook.disabled', tenantId, { webhookId: id, ...told }),
  ];
}

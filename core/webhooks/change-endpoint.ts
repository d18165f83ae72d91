import { untilDone } from '../access/attempts.ts';
import { wholeTenant } from '../access/reach.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import type { JsonObject } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { ConditionFailed } from '../ports/table.ts';
import type { Vault } from '../ports/vault.ts';
import { getTeam } from '../teams/team-repository.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import { needAddress } from './address.ts';
import { bookSchema } from './book.ts';
import { type EndpointContent, type EndpointRecord, livingSecrets, sealedFor } from './endpoint.ts';
import {
  asBefore,
  type EndpointPorts,
  endpointWrite,
  missingEndpoint,
  type StoredEndpoint,
  updateEndpoint,
} from './endpoint-repository.ts';
import { webhookLimits } from './limits.ts';
import { endpointPlace, healthPlace, webhookBookPlace } from './places.ts';
import { secretText } from './signature.ts';

interface ChangePorts extends EndpointPorts {
  readonly vault: Pick<Vault, 'seal'>;
  /** Hosts that the operator allows webhooks to have private addresses at (core/webhooks/address.ts). */
  readonly privateHosts: readonly string[];
}

/** An endpoint, and the secret that it has just been given: it is told this once. */
export interface EndpointWithSecret {
  readonly stored: StoredEndpoint;
  readonly secret?: string;
}

/**
 * Makes an endpoint with a secret of its own.
 * @throws EngineError webhook.url_refused, webhook.too_many, team.not_found, service.unavailable
 */
export async function createEndpoint(
  ports: ChangePorts,
  actor: Actor,
  content: EndpointContent,
  remember: Remember,
): Promise<EndpointWithSecret> {
  const { table, clock, ids } = ports;
  const { tenantId } = actor;
  needAddress(content.url, ports.privateHosts);
  if (content.teamId !== undefined) await getTeam(table, wholeTenant(tenantId), content.teamId);
  const id = ids.next('whk');
  const secret = secretText(ids.secret(webhookLimits.secretBytes));
  const sealed = await ports.vault.seal(sealedFor({ tenantId, id }, 1), secret);
  const now = clock.now().toISOString();
  const { enabled, ...said } = content;
  const endpoint: EndpointRecord = {
    ...{ id, tenantId, ...said, enabled },
    ...(enabled ? {} : { disabled: { reason: 'asked', at: now } }),
    secrets: [{ version: 1, sealed, createdAt: now }],
    ...{ createdAt: now, changedAt: now },
  };
  const bookKey = webhookBookPlace(tenantId);
  return untilDone(async () => {
    const book = await table.get(bookKey);
    const endpoints = (book === undefined ? 0 : bookSchema.parse(book.data).endpoints) + 1;
    if (endpoints > webhookLimits.endpoints) {
      throw new EngineError(
        'webhook.too_many',
        `The tenant has ${webhookLimits.endpoints} webhooks, which is the most.`,
      );
    }
    const writes = [
      { kind: 'put', key: bookKey, data: { endpoints }, condition: asBefore(book) } as const,
      endpointWrite(endpoint, 0),
      auditWrite({ clock, ids }, actor, { action: 'webhook.created', target: id, detail: factsOf(endpoint) }),
    ];
    try {
      await table.transact([...writes, ...remember(id)]);
      return { stored: { endpoint, version: 1, health: {}, healthVersion: 0 }, secret };
    } catch (error) {
      // Somebody else made or removed one; that another call has taken over is for whoever remembers.
      if (!(error instanceof ConditionFailed) || error.failed.some((at) => at >= writes.length)) throw error;
      return undefined;
    }
  });
}

/**
 * Changes what was said of an endpoint. One that is enabled again, or has another address, has a clean slate.
 * @throws EngineError webhook.not_found, webhook.url_refused, team.not_found, service.unavailable
 */
export async function changeEndpoint(
  ports: ChangePorts,
  actor: Actor,
  id: string,
  change: { readonly [Name in keyof EndpointContent]?: EndpointContent[Name] | null },
): Promise<StoredEndpoint> {
  const { table, clock } = ports;
  const { tenantId } = actor;
  if (typeof change.url === 'string') needAddress(change.url, ports.privateHosts);
  if (typeof change.teamId === 'string') await getTeam(table, wholeTenant(tenantId), change.teamId);
  return updateEndpoint(ports, tenantId, id, async ({ endpoint }) => {
    const { teamId, disabled, ...rest } = endpoint;
    const now = clock.now().toISOString();
    const enabled = change.enabled ?? endpoint.enabled;
    const team = change.teamId === undefined ? teamId : (change.teamId ?? undefined);
    const after: EndpointRecord = {
      ...{ ...rest, enabled, changedAt: now },
      ...{ url: change.url ?? endpoint.url, events: change.events ?? endpoint.events },
      description: change.description ?? endpoint.description,
      ...(team === undefined ? {} : { teamId: team }),
      ...(enabled ? {} : { disabled: disabled ?? { reason: 'asked', at: now } }),
    };
    // How it has answered is nothing of another address.
    const fresh = (enabled && !endpoint.enabled) || after.url !== endpoint.url;
    const detail = toJsonObject({ ...factsOf(after), before: factsOf(endpoint) });
    return {
      endpoint: after,
      writes: [
        auditWrite(ports, actor, { action: 'webhook.changed', target: id, detail }),
        ...(fresh ? [{ kind: 'delete', key: healthPlace(tenantId, id) } as const] : []),
      ],
    };
  });
}

/**
 * Gives an endpoint another secret. Those before sign beside it until they end.
 * @param overlapSeconds for which the one before still signs
 * @throws EngineError webhook.not_found, webhook.secrets_too_many, service.unavailable
 */
export async function rotateSecret(
  ports: ChangePorts,
  actor: Actor,
  id: string,
  overlapSeconds: number,
): Promise<EndpointWithSecret> {
  const { clock, ids, vault } = ports;
  const { tenantId } = actor;
  const secret = secretText(ids.secret(webhookLimits.secretBytes));
  const stored = await updateEndpoint(ports, tenantId, id, async ({ endpoint }) => {
    const now = clock.now();
    const ends = new Date(now.getTime() + overlapSeconds * 1_000).toISOString();
    const before = livingSecrets(endpoint, now)
      .map((one) => (one.expiresAt === undefined || one.expiresAt > ends ? { ...one, expiresAt: ends } : one))
      .filter(() => overlapSeconds > 0);
    if (before.length >= webhookLimits.secrets) {
      throw new EngineError('webhook.secrets_too_many', `${webhookLimits.secrets} secrets of the webhook live.`);
    }
    const version = (endpoint.secrets.at(-1)?.version ?? 0) + 1;
    const sealed = await vault.seal(sealedFor(endpoint, version), secret);
    const createdAt = now.toISOString();
    return {
      endpoint: { ...endpoint, secrets: [...before, { version, sealed, createdAt }], changedAt: createdAt },
      writes: [
        auditWrite({ clock, ids }, actor, {
          ...{ action: 'webhook.secret_rotated', target: id, detail: { version, overlapSeconds } },
        }),
      ],
    };
  });
  return { stored, secret };
}

/**
 * Removes an endpoint with its secrets. What is on its way to it ends with the next look at it; its deliveries are
 * forgotten with time.
 * @throws EngineError webhook.not_found, service.unavailable
 */
export async function removeEndpoint(ports: EndpointPorts, actor: Actor, id: string): Promise<void> {
  const { table } = ports;
  const { tenantId } = actor;
  const [key, bookKey] = [endpointPlace(tenantId, id), webhookBookPlace(tenantId)];
  await untilDone(async () => {
    const [record, book] = await Promise.all([table.get(key), table.get(bookKey)]);
    if (record === undefined || book === undefined) throw missingEndpoint();
    const endpoints = bookSchema.parse(book.data).endpoints - 1;
    try {
      await table.transact([
        { kind: 'delete', key, condition: asBefore(record) },
        { kind: 'delete', key: healthPlace(tenantId, id) },
        { kind: 'put', key: bookKey, data: { endpoints }, condition: asBefore(book) },
        auditWrite(ports, actor, { action: 'webhook.removed', target: id }),
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      return undefined;
    }
  });
}

/** What the audit log tells of an endpoint: of its address the origin, since paths of addresses may be secret. */
function factsOf({ url, events, teamId, enabled, disabled }: EndpointRecord): JsonObject {
  return toJsonObject({ origin: new URL(url).origin, events, teamId, enabled, reason: disabled?.reason });
}

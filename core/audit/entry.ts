import { z } from 'zod';
import type { JsonObject } from '../digest.ts';
import { jsonObjectSchema, toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { TableWrite } from '../ports/table.ts';
import { pendingPlace, pendingState } from './places.ts';

/** What is written down: every change that somebody asks for, and every refusal of what they may not. */
export const auditActions = [
  'access.refused',
  'approval.covered',
  'approval.expired',
  'approval.given',
  'approval.rejected',
  'approval.withdrawn',
  'approval_policy.removed',
  'approval_policy.set',
  'budget.removed',
  'budget.set',
  'artifact.purged',
  'artifact.restored',
  'artifact.tagged',
  'artifact.trashed',
  'build.cancel_requested',
  'build.submitted',
  'cache.removed',
  'cleanup.requested',
  'dead_letter.discarded',
  'dead_letter.redriven',
  'invoice.closed',
  'hold.placed',
  'hold.released',
  'key.created',
  'key.revoked',
  'key.rotated',
  'maintenance.begun',
  'maintenance.ended',
  'member.added',
  'member.changed',
  'member.removed',
  'plugin.disabled',
  'plugin.enabled',
  'plugin.granted',
  'plugin.removed',
  'plugin.revoked',
  'plugin.told_again',
  'plugin.version_put',
  'quota.set',
  'rates.removed',
  'rates.set',
  'rebuild.refused',
  'rebuilds.set',
  'retention.set',
  'retention_policy.removed',
  'retention_policy.set',
  'role.removed',
  'role.set',
  'secret.removed',
  'secret.set',
  'team.changed',
  'team.created',
  'team.member_removed',
  'team.member_set',
  'team.removed',
  'team.share_set',
  'template.changed',
  'template.created',
  'template.forked',
  'template.published',
  'template.removed',
  'template.reviewed',
  'template.review_removed',
  'tenant.created',
  'tenant.renamed',
  'tenant.share_set',
  'upload.removed',
  'vulnerabilities.refresh_requested',
  'webhook.changed',
  'webhook.created',
  'webhook.disabled',
  'webhook.pinged',
  'webhook.removed',
  'webhook.replayed',
  'webhook.secret_rotated',
] as const;
export type AuditAction = (typeof auditActions)[number];

/** Who did something, by the key that they called with. */
export interface Actor {
  readonly tenantId: string;
  readonly memberId: string;
  readonly keyId: string;
  readonly requestId: string;
  readonly sourceAddress?: string;
}

/** Somebody who called, or the engine itself for a tenant, or who runs it, past the API. */
export type ActorOrEngine = Actor | Pick<Actor, 'tenantId'>;

export const auditEntrySchema = z.strictObject({
  entryId: z.string().regex(/^aud_[0-9A-Z]{26}$/),
  tenantId: z.string(),
  at: z.iso.datetime(),
  action: z.enum(auditActions),
  /** Absent: the engine itself, or who runs it, past the API. */
  actor: z
    .strictObject({
      ...{ memberId: z.string(), keyId: z.string(), requestId: z.string() },
      sourceAddress: z.string().exactOptional(),
    })
    .exactOptional(),
  /** What was changed, by its id or name; of a refusal the operation. */
  target: z.string().max(256),
  detail: jsonObjectSchema,
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** What a change says of itself. `detail` has what is new, never a secret. */
export interface AuditFact {
  readonly action: AuditAction;
  readonly target: string;
  readonly detail?: JsonObject;
}

/**
 * The write that puts an entry into a tenant's log. It belongs into the transaction of the change that it tells of, so
 * that neither is there without the other; the sealer chains it.
 * @param actor whose tenant it is of; where nobody called, the tenant alone
 */
export function auditWrite(
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
  actor: ActorOrEngine,
  { action, target, detail = {} }: AuditFact,
): TableWrite {
  const entry: AuditEntry = {
    ...{ entryId: ids.next('aud'), tenantId: actor.tenantId, at: clock.now().toISOString(), action },
    ...('requestId' in actor ? { actor: actorOf(actor) } : {}),
    ...{ target, detail },
  };
  return {
    kind: 'put',
    key: pendingPlace(entry.tenantId, entry.entryId),
    data: toJsonObject(entry),
    indexes: { byState: pendingState(entry.tenantId, entry.entryId) },
    condition: { kind: 'absent' },
  };
}

function actorOf({ memberId, keyId, requestId, sourceAddress }: Actor): NonNullable<AuditEntry['actor']> {
  return { memberId, keyId, requestId, ...(sourceAddress === undefined ? {} : { sourceAddress }) };
}

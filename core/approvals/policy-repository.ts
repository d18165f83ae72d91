import { z } from 'zod';
import { untilDone } from '../access/attempts.ts';
import { getMember } from '../access/member-repository.ts';
import { wholeTenant } from '../access/reach.ts';
import { grantsOfRoles } from '../access/role-repository.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import type { JsonObject } from '../digest.ts';
import { canonicalJson } from '../digest.ts';
import { EngineError, type FieldError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { type Table, type TableCondition, type TableRecord, type TableWrite, wrote } from '../ports/table.ts';
import { getTeam } from '../teams/team-repository.ts';
import { quoted } from '../text.ts';
import { approvalLimits } from './limits.ts';
import { policyBookPlace, policyPlace, policyPrefix } from './places.ts';
import { type PolicyContent, type PolicyRecord, policyRecordSchema } from './policy.ts';

interface PolicyPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

const bookSchema = z.strictObject({ revision: z.number().int().min(0), policies: z.number().int().min(0) });
const recordOf = (stored: TableRecord): PolicyRecord => policyRecordSchema.parse(stored.data);

/** A tenant's policies as they stand, and the write that fails where they do so no more. */
export interface PolicyBook {
  readonly policies: readonly PolicyRecord[];
  /** Number of the last change. */
  readonly revision: number;
  readonly unchanged: TableWrite;
}

/** Reads all policies of a tenant, for a decision by them. */
export async function readPolicies(table: Table, tenantId: string): Promise<PolicyBook> {
  const key = policyBookPlace(tenantId);
  // The book first: what changes after it was read fails the check.
  const stored = await table.get(key);
  const unchanged: TableWrite = { kind: 'check', key, condition: asBefore(stored) };
  if (stored === undefined) return { policies: [], revision: 0, unchanged };
  const { revision } = bookSchema.parse(stored.data);
  const page = await table.query({
    ...{ partition: key.partition, sortPrefix: policyPrefix, limit: approvalLimits.policies },
  });
  return { policies: page.records.map(recordOf), revision, unchanged };
}

/** A page of a tenant's policies by name. */
export async function listPolicies(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly policies: readonly PolicyRecord[]; readonly cursor?: string }> {
  const { partition } = policyBookPlace(tenantId);
  const { records, cursor } = await table.query({ partition, sortPrefix: policyPrefix, ...page });
  return { policies: records.map(recordOf), ...(cursor === undefined ? {} : { cursor }) };
}

/** @throws EngineError approval.policy_not_found, also for what only another tenant has */
export async function getPolicy(table: Table, tenantId: string, name: string): Promise<PolicyRecord> {
  const stored = await table.get(policyPlace(tenantId, name));
  if (stored === undefined) throw missingPolicy(name);
  return recordOf(stored);
}

/**
 * Makes a policy, or changes it. A changed policy is another one for what was approved under it; the same content again
 * changes nothing.
 * @throws EngineError approval.condition_unsupported, approval.policy_too_many, role.not_found, member.not_found,
 * team.not_found, service.unavailable
 */
export async function setPolicy(
  { table, clock, ids }: PolicyPorts,
  actor: Actor,
  name: string,
  content: PolicyContent,
): Promise<{ readonly policy: PolicyRecord; readonly created: boolean }> {
  const { tenantId } = actor;
  needJudgeable(content);
  await grantsOfRoles(table, tenantId, content.approvers.roles ?? []);
  for (const memberId of content.approvers.members ?? []) await getMember(table, tenantId, memberId);
  for (const teamId of content.when.teams ?? []) await getTeam(table, wholeTenant(tenantId), teamId);
  const key = policyPlace(tenantId, name);
  const bookKey = policyBookPlace(tenantId);
  return untilDone(async () => {
    const [stored, book] = await Promise.all([table.get(key), table.get(bookKey)]);
    const before = stored === undefined ? undefined : recordOf(stored);
    if (before !== undefined && isSame(before, content)) return { policy: before, created: false };
    const known = book === undefined ? { revision: 0, policies: 0 } : bookSchema.parse(book.data);
    const policies = known.policies + (before === undefined ? 1 : 0);
    if (policies > approvalLimits.policies) {
      throw new EngineError('approval.policy_too_many', `The tenant has ${approvalLimits.policies} policies.`);
    }
    const revision = known.revision + 1;
    const now = clock.now().toISOString();
    const policy: PolicyRecord = {
      ...{ tenantId, name, ...content, revision },
      ...{ createdAt: before?.createdAt ?? now, changedAt: now },
    };
    const detail: JsonObject = { ...factsOf(policy), before: before === undefined ? null : factsOf(before) };
    const done = await wrote(table, [
      { kind: 'put', key, data: toJsonObject(policy), condition: asBefore(stored) },
      { kind: 'put', key: bookKey, data: { revision, policies }, condition: asBefore(book) },
      auditWrite({ clock, ids }, actor, { action: 'approval_policy.set', target: name, detail }),
    ]);
    return done ? { policy, created: before === undefined } : undefined;
  });
}

/**
 * Removes a policy: builds that wait for it alone go on, with the next look at them.
 * @throws EngineError approval.policy_not_found, service.unavailable
 */
export async function removePolicy({ table, clock, ids }: PolicyPorts, actor: Actor, name: string): Promise<void> {
  const { tenantId } = actor;
  const key = policyPlace(tenantId, name);
  const bookKey = policyBookPlace(tenantId);
  await untilDone(async () => {
    const [stored, book] = await Promise.all([table.get(key), table.get(bookKey)]);
    if (stored === undefined || book === undefined) throw missingPolicy(name);
    const { revision, policies } = bookSchema.parse(book.data);
    const detail = factsOf(recordOf(stored));
    const done = await wrote(table, [
      { kind: 'delete', key, condition: asBefore(stored) },
      {
        kind: 'put',
        key: bookKey,
        data: { revision: revision + 1, policies: policies - 1 },
        condition: asBefore(book),
      },
      auditWrite({ clock, ids }, actor, { action: 'approval_policy.removed', target: name, detail }),
    ]);
    return done ? true : undefined;
  });
}

/**
 * A condition that nothing can judge is never passed over.
 * @throws EngineError approval.condition_unsupported
 */
function needJudgeable({ gate, when }: PolicyContent): void {
  const fields: FieldError[] = [];
  const refuse = (field: string, reason: string, remedy: string): void => {
    fields.push({ path: `when.${field}`, code: 'approval.condition_unsupported', reason, remedy });
  };
  if (gate === 'build' && when.complianceStates !== undefined) {
    refuse(
      'complianceStates',
      'compliance is known when a build has ended, and this gate is before it',
      'leave it out, or make it a policy of the gate `publish`',
    );
  }
  if (gate === 'publish' && when.costAboveMicros !== undefined) {
    refuse(
      'costAboveMicros',
      'the cost is spent when a build has ended, and the same spec costs next to nothing then',
      'leave it out, or make it a policy of the gate `build`',
    );
  }
  if (fields.length > 0) {
    throw new EngineError('approval.condition_unsupported', `${fields.length} condition(s) cannot be judged.`, {
      fields,
    });
  }
}

const asBefore = (record: TableRecord | undefined): TableCondition =>
  record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version };

function isSame(policy: PolicyRecord, content: PolicyContent): boolean {
  const { description, gate, when, approvers, quorum, validSeconds } = policy;
  return canonicalJson({ description, gate, when, approvers, quorum, validSeconds }) === canonicalJson(content);
}

function factsOf({ gate, when, approvers, quorum, validSeconds, revision }: PolicyRecord): JsonObject {
  return toJsonObject({ gate, when, approvers, quorum, validSeconds, revision });
}

function missingPolicy(name: string): EngineError {
  return new EngineError('approval.policy_not_found', `The tenant has no approval policy ${quoted(name)}.`);
}

import { z } from 'zod';
import { untilDone } from '../access/attempts.ts';
import { wholeTenant } from '../access/reach.ts';
import { type Actor, auditWrite } from '../audit/entry.ts';
import { canonicalJson } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import { type Table, type TableRecord, type TableWrite, wrote } from '../ports/table.ts';
import { getTeam } from '../teams/team-repository.ts';
import { quoted } from '../text.ts';
import { asRead, type RetentionPorts } from './image.ts';
import { retentionLimits as limits } from './limits.ts';
import { retentionBookPlace, retentionPolicyPlace, retentionPolicyPrefix } from './places.ts';
import { type RetentionPolicy, type RetentionPolicyContent, retentionPolicySchema } from './policy.ts';

/** What a tenant says of retention as a whole. */
export const retentionSettingsSchema = z.strictObject({
  trashDays: z
    .number()
    .int()
    .min(1)
    .max(limits.mostTrashDays)
    .default(limits.usualTrashDays)
    .describe('Days that the trash keeps what is removed from then on.'),
  noticeDays: z
    .number()
    .int()
    .min(0)
    .max(limits.mostNoticeDays)
    .default(limits.usualNoticeDays)
    .describe('Days before an image expires that the event artifact.expiring tells it; 0: never.'),
});
export type RetentionSettings = z.output<typeof retentionSettingsSchema>;

const bookSchema = retentionSettingsSchema.extend({ policies: z.number().int().min(0).default(0) });
type Book = z.output<typeof bookSchema>;

const policyOf = (stored: TableRecord): RetentionPolicy => retentionPolicySchema.parse(stored.data);

/** A tenant's settings and policies as they stand, and the write that fails where they do so no more. */
export interface RetentionBook extends RetentionSettings {
  readonly policies: readonly RetentionPolicy[];
  readonly unchanged: TableWrite;
}

/** Reads all that a tenant says of retention. The book comes first: what changes after it was read fails the check. */
export async function readBook(table: Table, tenantId: string): Promise<RetentionBook> {
  const key = retentionBookPlace(tenantId);
  const stored = await table.get(key);
  const { trashDays, noticeDays } = bookOf(stored);
  const { partition } = key;
  const page = await table.query({ partition, sortPrefix: retentionPolicyPrefix, limit: limits.policies });
  const unchanged: TableWrite = { kind: 'check', key, condition: asRead(stored?.version) };
  return { trashDays, noticeDays, policies: page.records.map(policyOf), unchanged };
}

const bookOf = (stored: TableRecord | undefined): Book => bookSchema.parse(stored?.data ?? {});

/** A page of a tenant's policies by name. */
export async function listRetentionPolicies(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly policies: readonly RetentionPolicy[]; readonly cursor?: string }> {
  const { partition } = retentionBookPlace(tenantId);
  const { records, cursor } = await table.query({ partition, sortPrefix: retentionPolicyPrefix, ...page });
  return { policies: records.map(policyOf), ...(cursor === undefined ? {} : { cursor }) };
}

/** @throws EngineError retention.policy_not_found, also for what only another tenant has */
export async function getRetentionPolicy(table: Table, tenantId: string, name: string): Promise<RetentionPolicy> {
  const stored = await table.get(retentionPolicyPlace(tenantId, name));
  if (stored === undefined) throw missing(name);
  return policyOf(stored);
}

/**
 * Makes a policy, or changes it; the same content again changes nothing.
 * @throws EngineError retention.policy_too_many, team.not_found, service.unavailable
 */
export async function setRetentionPolicy(
  ports: RetentionPorts,
  actor: Actor,
  name: string,
  content: RetentionPolicyContent,
): Promise<{ readonly policy: RetentionPolicy; readonly created: boolean }> {
  const { tenantId } = actor;
  const { table, clock } = ports;
  for (const teamId of content.select.teams ?? []) await getTeam(table, wholeTenant(tenantId), teamId);
  const [key, bookKey] = [retentionPolicyPlace(tenantId, name), retentionBookPlace(tenantId)];
  return untilDone(async () => {
    const [stored, book] = [await table.get(key), await table.get(bookKey)];
    const before = stored === undefined ? undefined : policyOf(stored);
    if (before !== undefined && isSame(before, content)) return { policy: before, created: false };
    const known = bookOf(book);
    const policies = known.policies + (before === undefined ? 1 : 0);
    if (policies > limits.policies) {
      throw new EngineError('retention.policy_too_many', `The tenant has ${limits.policies} retention policies.`);
    }
    const now = clock.now().toISOString();
    const created = { createdAt: before?.createdAt ?? now, changedAt: now };
    const policy: RetentionPolicy = { ...{ tenantId, name }, ...content, ...created };
    const detail = toJsonObject({ select: content.select, expire: content.expire });
    const done = await wrote(table, [
      { kind: 'put', key, data: toJsonObject(policy), condition: asRead(stored?.version) },
      { kind: 'put', key: bookKey, data: { ...known, policies }, condition: asRead(book?.version) },
      auditWrite(ports, actor, { action: 'retention_policy.set', target: name, detail }),
    ]);
    return done ? { policy, created: before === undefined } : undefined;
  });
}

/** @throws EngineError retention.policy_not_found, service.unavailable */
export async function removeRetentionPolicy(ports: RetentionPorts, actor: Actor, name: string): Promise<void> {
  const { tenantId } = actor;
  const { table } = ports;
  const [key, bookKey] = [retentionPolicyPlace(tenantId, name), retentionBookPlace(tenantId)];
  await untilDone(async () => {
    const [stored, book] = [await table.get(key), await table.get(bookKey)];
    if (stored === undefined) throw missing(name);
    const known = bookOf(book);
    const done = await wrote(table, [
      { kind: 'delete', key, condition: asRead(stored.version) },
      {
        ...{ kind: 'put', key: bookKey, condition: asRead(book?.version) },
        data: { ...known, policies: Math.max(0, known.policies - 1) },
      },
      auditWrite(ports, actor, { action: 'retention_policy.removed', target: name }),
    ]);
    return done ? true : undefined;
  });
}

/** Changes what a tenant says of retention as a whole. What is in the trash already stays for as long as it was to. */
export async function setRetentionSettings(
  ports: RetentionPorts,
  actor: Actor,
  settings: RetentionSettings,
): Promise<RetentionSettings> {
  const key = retentionBookPlace(actor.tenantId);
  return untilDone(async () => {
    const book = await ports.table.get(key);
    const known = bookOf(book);
    const done = await wrote(ports.table, [
      { kind: 'put', key, data: { ...known, ...settings }, condition: asRead(book?.version) },
      auditWrite(ports, actor, { action: 'retention.set', target: actor.tenantId, detail: { ...settings } }),
    ]);
    return done ? settings : undefined;
  });
}

function isSame({ description, select, expire }: RetentionPolicy, content: RetentionPolicyContent): boolean {
  return canonicalJson({ description, select, expire }) === canonicalJson(content);
}

function missing(name: string): EngineError {
  return new EngineError('retention.policy_not_found', `The tenant has no retention policy ${quoted(name)}.`);
}

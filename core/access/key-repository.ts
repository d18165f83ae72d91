import { type ActorOrEngine, auditWrite } from '../audit/entry.ts';
import type { JsonObject } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableCondition, type TableRecord, type TableWrite } from '../ports/table.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import { type ApiKeyContent, type ApiKeyRecord, apiKeyRecordSchema, generateApiKey } from './api-key.ts';
import { untilDone } from './attempts.ts';
import { accessLimits } from './limits.ts';
import { apiKeyIndexes, apiKeyPlace, keyUsePlace, memberPlace } from './places.ts';

export interface KeyPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A key that was just made, with the one sight of its text. */
export interface MadeKey {
  readonly text: string;
  readonly record: ApiKeyRecord;
}

export const recordOf = (stored: TableRecord): ApiKeyRecord => apiKeyRecordSchema.parse(stored.data);

/** The write that stores a key, with a time in epoch seconds after which it may vanish. */
export const putKey = (record: ApiKeyRecord, condition: TableCondition, expiresAt?: number): TableWrite => ({
  kind: 'put',
  key: apiKeyPlace(record.keyId),
  data: toJsonObject(record),
  indexes: apiKeyIndexes(record.tenantId, record.memberId, record.keyId),
  condition,
  ...(expiresAt === undefined ? {} : { expiresAt }),
});

/** The write by which a member, who must be there, has a key more or less. */
export const countKey = (
  { tenantId, memberId }: Pick<ApiKeyRecord, 'tenantId' | 'memberId'>,
  by: 1 | -1,
): TableWrite => ({
  kind: 'increment',
  key: memberPlace(tenantId, memberId),
  counter: 'keys',
  by,
  ...{ min: 0, max: accessLimits.keysOfMember, condition: { kind: 'exists' } },
});

/** The write that stores a key of a member who is made in the same transaction. */
export const firstKeyWrite = (record: ApiKeyRecord): TableWrite => putKey(record, { kind: 'absent' });

/**
 * Makes and stores a key of a member.
 * @throws EngineError key.too_many, member.not_found
 */
export async function createApiKey(
  { table, clock, ids }: KeyPorts,
  content: ApiKeyContent,
  {
    actor = { tenantId: content.tenantId },
    remember = () => [],
  }: { readonly actor?: ActorOrEngine; readonly remember?: Remember } = {},
): Promise<MadeKey> {
  const made = generateApiKey(clock, ids, content);
  const { record } = made;
  const audit = auditWrite({ clock, ids }, actor, {
    action: 'key.created',
    target: record.keyId,
    detail: factsOf(record),
  });
  await storeMore(table, record, [putKey(record, { kind: 'absent' })], [audit, ...remember(record.keyId)]);
  return made;
}

/** What the audit log tells of a key. */
function factsOf({ memberId, name, scopes, addressRanges, expiresAt }: ApiKeyRecord): JsonObject {
  return toJsonObject({ memberId, name, scopes, addressRanges, expiresAt });
}

/** Stores a key of a member who then has one more. */
async function storeMore(
  table: Table,
  record: ApiKeyRecord,
  writes: readonly TableWrite[],
  more: readonly TableWrite[],
): Promise<void> {
  try {
    await table.transact([...writes, countKey(record, 1), ...more]);
  } catch (error) {
    if (!(error instanceof ConditionFailed) || !error.failed.includes(writes.length)) throw error;
    throw await refusedCount(table, record);
  }
}

/** Why a member cannot have one key more. */
export async function refusedCount(table: Table, record: ApiKeyRecord): Promise<EngineError> {
  const member = await table.get(memberPlace(record.tenantId, record.memberId));
  if (member === undefined) return new EngineError('member.not_found', 'The tenant has no such member.');
  return new EngineError('key.too_many', `The member has ${accessLimits.keysOfMember} keys.`);
}

/** A key by its id, whoever has it; undefined where there is none. */
export async function findApiKey(table: Table, keyId: string): Promise<ApiKeyRecord | undefined> {
  const stored = await table.get(apiKeyPlace(keyId));
  return stored === undefined ? undefined : recordOf(stored);
}

/** A page of a tenant's keys, or of one member's; by member, then by age. */
export async function listApiKeys(
  table: Table,
  tenantId: string,
  page: { readonly memberId?: string; readonly limit: number; readonly cursor?: string },
): Promise<{ readonly keys: readonly ApiKeyRecord[]; readonly cursor?: string }> {
  const { memberId, ...rest } = page;
  const { records, cursor } = await table.query({
    index: 'byTenant',
    partition: apiKeyIndexes(tenantId, '', '').byTenant.partition,
    ...(memberId === undefined ? {} : { sortPrefix: `${memberId}#` }),
    ...rest,
  });
  return { keys: records.map(recordOf), ...(cursor === undefined ? {} : { cursor }) };
}

/** The write that ends a key at once; its record goes after a while. */
export function revocationWrite(record: ApiKeyRecord, version: number, now: Date): TableWrite {
  const forgotten = Math.floor(now.getTime() / 1_000) + accessLimits.revokedKeyDays * 86_400;
  return putKey({ ...record, revokedAt: now.toISOString() }, { kind: 'version', version }, forgotten);
}

/**
 * Ends a key at once; it is still listed for a while. Revoking a revoked key changes nothing.
 * @throws EngineError key.not_found, service.unavailable
 */
export async function revokeApiKey(
  { table, clock, ids }: KeyPorts,
  actor: ActorOrEngine,
  keyId: string,
): Promise<void> {
  await untilDone(async () => {
    const stored = await table.get(apiKeyPlace(keyId));
    if (stored === undefined) throw missingKey();
    const record = recordOf(stored);
    if (record.revokedAt !== undefined) return true;
    const audit = auditWrite({ clock, ids }, actor, { action: 'key.revoked', target: keyId, detail: factsOf(record) });
    const ending = [revocationWrite(record, stored.version, clock.now()), audit];
    try {
      await table.transact([...ending, countKey(record, -1)]);
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (error.failed.includes(0)) return undefined;
      // The count alone would not have it, as where the member is gone: a key is ended whatever counts say.
      await table.transact(ending);
      return true;
    }
  });
}

/** Forgets the keys of a member who is gone. */
export async function removeKeysOf(table: Table, tenantId: string, memberId: string): Promise<void> {
  for (;;) {
    const { keys } = await listApiKeys(table, tenantId, { memberId, limit: 40 });
    if (keys.length === 0) return;
    await table.transact(
      keys.flatMap(({ keyId }): TableWrite[] => [
        { kind: 'delete', key: apiKeyPlace(keyId) },
        { kind: 'delete', key: keyUsePlace(tenantId, keyId) },
      ]),
    );
  }
}

export function missingKey(): EngineError {
  return new EngineError('key.not_found', 'There is no such API key.');
}

import { type ActorOrEngine, auditWrite } from '../audit/entry.ts';
import type { JsonObject } from '../digest.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableCondition, type TableRecord, type TableWrite } from '../ports/table.ts';
import type { Remember } from '../tenancy/idempotency.ts';
import { type ApiKeyContent, type ApiKeyRecord, apiKeyRecordSchema, generateApiKey, stateOf } from './api-key.ts';
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

const recordOf = (stored: TableRecord): ApiKeyRecord => apiKeyRecordSchema.parse(stored.data);

const putKey = (record: ApiKeyRecord, condition: TableCondition, expiresAt?: number): TableWrite => ({
  kind: 'put',
  key: apiKeyPlace(record.keyId),
  data: toJsonObject(record),
  indexes: apiKeyIndexes(record.tenantId, record.memberId, record.keyId),
  condition,
  ...(expiresAt === undefined ? {} : { expiresAt }),
});

/** The write by which a member, who must be there, has a key more or less. */
const countKey = ({ tenantId, memberId }: Pick<ApiKeyRecord, 'tenantId' | 'memberId'>, by: 1 | -1): TableWrite => ({
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

/**
 * Makes the key that is to follow another, with what that one may. The old one lives on for that many seconds, or until
 * it would have ended anyway.
 * @throws EngineError key.not_found, key.not_live, key.rotating, key.too_many
 */
export async function rotateApiKey(
  { table, clock, ids }: KeyPorts,
  actor: ActorOrEngine,
  keyId: string,
  overlapSeconds: number,
): Promise<MadeKey> {
  const stored = await table.get(apiKeyPlace(keyId));
  if (stored === undefined) throw missingKey();
  const old = recordOf(stored);
  const now = clock.now();
  if (stateOf(old, now) !== 'live') throw new EngineError('key.not_live', `The key is ${stateOf(old, now)}.`);
  const before = old.replaces === undefined ? undefined : await findApiKey(table, old.replaces);
  if (old.replacedBy !== undefined || (before !== undefined && stateOf(before, now) === 'live')) {
    throw new EngineError('key.rotating', 'It has a predecessor or a successor that lives.');
  }
  const { tenantId, memberId, name, scopes, addressRanges } = old;
  const made = generateApiKey(clock, ids, {
    ...{ tenantId, memberId, name, replaces: keyId },
    ...(scopes === undefined ? {} : { scopes }),
    ...(addressRanges === undefined ? {} : { addressRanges }),
    ...(old.expiresAt === undefined ? {} : { expiresAt: old.expiresAt }),
  });
  const end = new Date(now.getTime() + overlapSeconds * 1_000).toISOString();
  const expiresAt = old.expiresAt === undefined || old.expiresAt > end ? end : old.expiresAt;
  const ending: ApiKeyRecord = { ...old, expiresAt, replacedBy: made.record.keyId };
  const detail = { successor: made.record.keyId, expiresAt };
  await storeMore(
    table,
    made.record,
    [putKey(made.record, { kind: 'absent' }), putKey(ending, { kind: 'version', version: stored.version })],
    [auditWrite({ clock, ids }, actor, { action: 'key.rotated', target: keyId, detail })],
  );
  return made;
}

/** Stores keys of a member who then has one more. */
async function storeMore(
  table: Table,
  record: ApiKeyRecord,
  writes: readonly TableWrite[],
  more: readonly TableWrite[] = [],
): Promise<void> {
  try {
    await table.transact([...writes, countKey(record, 1), ...more]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.failed.includes(1) && writes.length > 1) {
      throw new EngineError('key.rotating', 'Somebody else has just rotated or revoked it.', { cause: error });
    }
    if (!error.failed.includes(writes.length)) throw error;
    const member = await table.get(memberPlace(record.tenantId, record.memberId));
    if (member === undefined) throw new EngineError('member.not_found', 'The tenant has no such member.');
    throw new EngineError('key.too_many', `The member has ${accessLimits.keysOfMember} keys.`);
  }
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

/** Ends a key at once; it is still listed for a while. Revoking a revoked key changes nothing. */
export async function revokeApiKey(
  { table, clock, ids }: KeyPorts,
  actor: ActorOrEngine,
  keyId: string,
): Promise<void> {
  for (;;) {
    const stored = await table.get(apiKeyPlace(keyId));
    if (stored === undefined) throw missingKey();
    const record = recordOf(stored);
    if (record.revokedAt !== undefined) return;
    const now = clock.now();
    const forgotten = Math.floor(now.getTime() / 1_000) + accessLimits.revokedKeyDays * 86_400;
    const revoked: ApiKeyRecord = { ...record, revokedAt: now.toISOString() };
    try {
      await table.transact([
        putKey(revoked, { kind: 'version', version: stored.version }, forgotten),
        countKey(record, -1),
        auditWrite({ clock, ids }, actor, { action: 'key.revoked', target: keyId, detail: factsOf(record) }),
      ]);
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // A member who is gone has no keys that live, and this one is on its way out.
      if ((await table.get(memberPlace(record.tenantId, record.memberId))) === undefined) return;
    }
  }
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

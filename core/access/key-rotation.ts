import { type ActorOrEngine, auditWrite } from '../audit/entry.ts';
import { EngineError } from '../errors.ts';
import { ConditionFailed, type Table, type TableRecord, type TableWrite } from '../ports/table.ts';
import { type ApiKeyRecord, generateApiKey, stateOf } from './api-key.ts';
import {
  countKey,
  type KeyPorts,
  type MadeKey,
  missingKey,
  putKey,
  recordOf,
  refusedCount,
  revocationWrite,
} from './key-repository.ts';
import { apiKeyPlace, memberPlace } from './places.ts';

/**
 * Makes the key that is to follow another, with what that one may. The old one lives on for that many seconds, or until
 * it would have ended anyway. The one before it, which must have ended, is revoked if it was not: so the member has as
 * many keys as before, however often this is done.
 * @param scopes of the new one, no wider than those of the old; absent: the same
 * @throws EngineError key.not_found, key.not_live, key.rotating, key.too_many, member.not_found
 */
export async function rotateApiKey(
  { table, clock, ids }: KeyPorts,
  actor: ActorOrEngine,
  keyId: string,
  overlapSeconds: number,
  scopes?: ApiKeyRecord['scopes'],
): Promise<MadeKey> {
  const stored = await table.get(apiKeyPlace(keyId));
  if (stored === undefined) throw missingKey();
  const old = recordOf(stored);
  const now = clock.now();
  if (stateOf(old, now) !== 'live') throw new EngineError('key.not_live', `The key is ${stateOf(old, now)}.`);
  const [predecessor, successor] = await Promise.all([
    neighbour(table, old.replaces),
    neighbour(table, old.replacedBy),
  ]);
  for (const other of [predecessor, successor]) {
    if (other === undefined || stateOf(recordOf(other), now) !== 'live') continue;
    throw new EngineError('key.rotating', `${recordOf(other).keyId} of this rotation lives.`);
  }
  const { tenantId, memberId, name, addressRanges } = old;
  const kept = scopes ?? old.scopes;
  const made = generateApiKey(clock, ids, {
    ...{ tenantId, memberId, name, replaces: keyId },
    ...(kept === undefined ? {} : { scopes: kept }),
    ...(addressRanges === undefined ? {} : { addressRanges }),
    ...(old.expiresAt === undefined ? {} : { expiresAt: old.expiresAt }),
  });
  const end = new Date(now.getTime() + overlapSeconds * 1_000).toISOString();
  const expiresAt = old.expiresAt === undefined || old.expiresAt > end ? end : old.expiresAt;
  const ending: ApiKeyRecord = { ...old, expiresAt, replacedBy: made.record.keyId };
  const detail = { successor: made.record.keyId, expiresAt };
  const writes: TableWrite[] = [
    putKey(ending, { kind: 'version', version: stored.version }),
    countOrReplace(predecessor, made.record),
    putKey(made.record, { kind: 'absent' }),
    ...(predecessor === undefined || isRevoked(predecessor)
      ? []
      : [revocationWrite(recordOf(predecessor), predecessor.version, now)]),
    auditWrite({ clock, ids }, actor, { action: 'key.rotated', target: keyId, detail }),
  ];
  try {
    await table.transact(writes);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.failed.includes(1)) throw await refusedCount(table, made.record);
    throw new EngineError('key.rotating', 'Somebody else has just rotated or revoked it.', { cause: error });
  }
  return made;
}

const isRevoked = (stored: TableRecord): boolean => recordOf(stored).revokedAt !== undefined;

/** A key that follows one that goes with it is no key more: then the member must only be there. */
function countOrReplace(predecessor: TableRecord | undefined, record: ApiKeyRecord): TableWrite {
  if (predecessor === undefined || isRevoked(predecessor)) return countKey(record, 1);
  return { kind: 'check', key: memberPlace(record.tenantId, record.memberId), condition: { kind: 'exists' } };
}

async function neighbour(table: Table, keyId: string | undefined): Promise<TableRecord | undefined> {
  return keyId === undefined ? undefined : table.get(apiKeyPlace(keyId));
}

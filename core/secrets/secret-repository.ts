import { type ActorOrEngine, auditWrite } from '../audit/entry.ts';
import { secretBookKey, secretKey, tenantSecretsPrefix } from '../builds/keys.ts';
import { EngineError } from '../errors.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableCondition, type TableRecord } from '../ports/table.ts';
import type { Vault } from '../ports/vault.ts';
import { quoted } from '../text.ts';
import { secretLimits } from './limits.ts';
import { type SecretRecord, secretBookSchema, secretRecordSchema } from './secret-record.ts';

export interface SecretPorts {
  readonly table: Table;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ids: Ids;
}

const asBefore = (record: TableRecord | undefined): TableCondition =>
  record === undefined ? { kind: 'absent' } : { kind: 'version', version: record.version };

/**
 * Gives a secret a value. What it had before is gone with that: nothing can be built with it any more.
 * @param value by secretValueSchema
 * @throws EngineError secret.too_many, service.unavailable
 */
export async function setSecret(
  { table, vault, clock, ids }: SecretPorts,
  actor: ActorOrEngine,
  { name, value }: { readonly name: string; readonly value: string },
): Promise<{ readonly secret: SecretRecord; readonly created: boolean }> {
  const { tenantId } = actor;
  const [key, bookKey] = [secretKey(tenantId, name), secretBookKey(tenantId)];
  for (;;) {
    const [record, book] = await Promise.all([table.get(key), table.get(bookKey)]);
    const known = book === undefined ? { lastVersion: 0, secrets: 0 } : secretBookSchema.parse(book.data);
    const created = record === undefined;
    const secrets = known.secrets + (created ? 1 : 0);
    if (secrets > secretLimits.perTenant) {
      throw new EngineError('secret.too_many', `The tenant has ${secretLimits.perTenant} secrets, which is the most.`);
    }
    const version = known.lastVersion + 1;
    const sealed = await vault.seal({ tenantId, name, version }, value);
    const secret: SecretRecord = { tenantId, name, version, setAt: clock.now().toISOString(), sealed };
    try {
      await table.transact([
        { kind: 'put', key, data: toJsonObject(secret), condition: asBefore(record) },
        { kind: 'put', key: bookKey, data: { lastVersion: version, secrets }, condition: asBefore(book) },
        auditWrite({ clock, ids }, actor, { action: 'secret.set', target: name, detail: { version } }),
      ]);
      return { secret, created };
    } catch (error) {
      // Another call was faster: its version is taken, so this value is sealed for the next one.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** The secret of a tenant by this name, its value sealed; undefined where there is none. */
export async function findSecret(table: Table, tenantId: string, name: string): Promise<SecretRecord | undefined> {
  const record = await table.get(secretKey(tenantId, name));
  return record === undefined ? undefined : secretRecordSchema.parse(record.data);
}

/** A tenant's secrets by name, all of them, their values sealed. */
export async function listSecrets(table: Table, tenantId: string): Promise<SecretRecord[]> {
  const { partition } = secretKey(tenantId, '');
  const page = await table.query({ partition, sortPrefix: tenantSecretsPrefix, limit: secretLimits.perTenant });
  return page.records.map((record) => secretRecordSchema.parse(record.data));
}

/**
 * Removes a secret with its value.
 * @throws EngineError secret.not_found, also for what only another tenant has
 */
export async function removeSecret(
  { table, clock, ids }: Omit<SecretPorts, 'vault'>,
  actor: ActorOrEngine,
  name: string,
): Promise<void> {
  const { tenantId } = actor;
  const [key, bookKey] = [secretKey(tenantId, name), secretBookKey(tenantId)];
  for (;;) {
    const [record, book] = await Promise.all([table.get(key), table.get(bookKey)]);
    if (record === undefined || book === undefined) throw missingSecret(name);
    const { lastVersion, secrets } = secretBookSchema.parse(book.data);
    try {
      await table.transact([
        { kind: 'delete', key, condition: asBefore(record) },
        { kind: 'put', key: bookKey, data: { lastVersion, secrets: secrets - 1 }, condition: asBefore(book) },
        auditWrite({ clock, ids }, actor, { action: 'secret.removed', target: name }),
      ]);
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/**
 * The present value of a tenant's secret, in clear.
 * @throws EngineError secret.not_found, secret.damaged, service.unavailable
 */
export async function openSecret(
  { table, vault }: Pick<SecretPorts, 'table' | 'vault'>,
  tenantId: string,
  name: string,
): Promise<string> {
  const secret = await findSecret(table, tenantId, name);
  if (secret === undefined) throw missingSecret(name);
  return vault.open({ tenantId, name, version: secret.version }, secret.sealed);
}

export function missingSecret(name: string): EngineError {
  return new EngineError('secret.not_found', `The tenant has no secret ${quoted(name)}.`);
}

import { type Sha256, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';

/** Seconds for which an Idempotency-Key is remembered: a day, as AWS's own idempotency tokens. */
const rememberedSeconds = 86_400;

const place = (tenantId: string, key: string): TableKey => ({
  partition: `IDEMPOTENCY#${tenantId}#${sha256(key)}`,
  sort: 'IDEMPOTENCY',
});

/** Writes down which resource a request with an Idempotency-Key has made; nothing where it came without one. */
export type Remember = (resourceId: string) => readonly TableWrite[];

/**
 * Creates what a request asks for, once: the same key and request answer what the first call made.
 * @param request.digest of all that the request says
 * @param create makes it in one transaction with the writes that it is given
 * @param find what was made before, by its id
 * @throws EngineError idempotency.mismatch where the key came with another request; what `create` throws
 */
export async function createOnce<T>(
  ports: { readonly table: Table; readonly clock: Clock },
  request: { readonly tenantId: string; readonly key: string | undefined; readonly digest: Sha256 },
  create: (remember: Remember) => Promise<T>,
  find: (resourceId: string) => Promise<T>,
): Promise<{ readonly made: T; readonly created: boolean }> {
  const { tenantId, key, digest } = request;
  if (key === undefined) return { made: await create(() => []), created: true };
  const before = await recall(ports, tenantId, key, digest);
  if (before !== undefined) return { made: await find(before), created: false };
  const remember: Remember = (resourceId) => {
    const expiresAt = Math.floor(ports.clock.now().getTime() / 1_000) + rememberedSeconds;
    const data = { requestDigest: digest, resourceId, expires: expiresAt };
    return [{ kind: 'put', key: place(tenantId, key), data, expiresAt, condition: { kind: 'absent' } }];
  };
  try {
    return { made: await create(remember), created: true };
  } catch (error) {
    // Two calls with one key at once: the other one won, and its answer is ours.
    const winner = await recall(ports, tenantId, key, digest);
    if (winner === undefined) throw error;
    return { made: await find(winner), created: false };
  }
}

/** The id of what an earlier call with the key made; undefined where there was none within a day. */
async function recall(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  tenantId: string,
  key: string,
  digest: Sha256,
): Promise<string | undefined> {
  const record = await table.get(place(tenantId, key));
  if (record === undefined) return undefined;
  // Expired but not yet deleted (the table deletes late): make room, so that the key can be used anew.
  if (Number(record.data.expires) * 1_000 <= clock.now().getTime()) {
    await table.transact([
      { kind: 'delete', key: record.key, condition: { kind: 'version', version: record.version } },
    ]);
    return undefined;
  }
  if (record.data.requestDigest !== digest) {
    throw new EngineError('idempotency.mismatch', 'This Idempotency-Key came with another request before.');
  }
  return String(record.data.resourceId);
}

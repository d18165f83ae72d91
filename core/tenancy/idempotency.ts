import { z } from 'zod';
import { untilDone } from '../access/attempts.ts';
import { type Sha256, sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table, type TableKey, type TableWrite } from '../ports/table.ts';

/** Seconds for which an Idempotency-Key is remembered: a day, as AWS's own idempotency tokens. */
const rememberedSeconds = 86_400;

/** Seconds after which a call that has not ended never will: Lambda ends each within 30. */
const claimSeconds = 35;

/** Seconds after which a caller may ask again whether the first call has ended: most take less than one. */
const askAgainSeconds = 2;

const place = (tenantId: string, key: string): TableKey => ({
  partition: `IDEMPOTENCY#${tenantId}#${sha256(key)}`,
  sort: 'IDEMPOTENCY',
});

/** What stands for a key: the claim of a call that runs, or what the first call has made. */
const recordSchema = z.strictObject({
  requestDigest: z.string(),
  /** Absent: the call runs. */
  resourceId: z.string().exactOptional(),
  /** Epoch seconds from which on it stands for nothing: the table deletes late. */
  expires: z.number().int(),
});
type IdempotencyRecord = z.infer<typeof recordSchema>;

/** Writes down which resource a request with an Idempotency-Key has made; nothing where it came without one. */
export type Remember = (resourceId: string) => readonly TableWrite[];

/** Whose call it is, with which key. */
export interface IdempotentRequest {
  readonly tenantId: string;
  readonly key: string | undefined;
  /** Of all that the request says. */
  readonly digest: Sha256;
}

/**
 * Creates what a request asks for, once: the same key and request answer what the first call made. Who comes while the
 * first call runs is told so. What is made and that it was made are one transaction, which holds only while the claim
 * is the call's own: a call that was given up, and another has taken over from, makes nothing.
 * @param create makes it in one transaction with the writes that it is given
 * @param find what was made before, by its id
 * @throws EngineError idempotency.mismatch where the key came with another request, idempotency.in_progress; what
 *   `create` throws
 */
export async function createOnce<T>(
  ports: { readonly table: Table; readonly clock: Clock },
  request: IdempotentRequest,
  create: (remember: Remember) => Promise<T>,
  find: (resourceId: string) => Promise<T>,
): Promise<{ readonly made: T; readonly created: boolean }> {
  const { tenantId, key, digest } = request;
  if (key === undefined) return { made: await create(() => []), created: true };
  const at = place(tenantId, key);
  const claim = await claimKey(ports, at, digest);
  if (claim.kind === 'made') return { made: await find(claim.resourceId), created: false };
  const { version } = claim;
  const remember: Remember = (resourceId) => [
    putRecord(ports.clock, at, { requestDigest: digest, resourceId }, rememberedSeconds, { kind: 'version', version }),
  ];
  try {
    return { made: await create(remember), created: true };
  } catch (error) {
    if (await release(ports.table, at, version)) throw error;
    // No longer ours: it was made after all, or another call has taken over.
    const winner = await standing(ports, at, digest);
    if (winner?.resourceId !== undefined) return { made: await find(winner.resourceId), created: false };
    throw winner === undefined ? error : inProgress();
  }
}

type Claim =
  | { readonly kind: 'claimed'; readonly version: number }
  | { readonly kind: 'made'; readonly resourceId: string };

/** Takes a key for a call. @throws EngineError idempotency.mismatch, idempotency.in_progress, service.unavailable */
function claimKey(
  ports: { readonly table: Table; readonly clock: Clock },
  at: TableKey,
  digest: Sha256,
): Promise<Claim> {
  const { table, clock } = ports;
  // Most keys are new: the first try does not look.
  let looks = false;
  return untilDone(async () => {
    const stored = looks ? await table.get(at) : undefined;
    if (stored !== undefined) {
      const record = current(clock, digest, recordSchema.parse(stored.data));
      if (record?.resourceId !== undefined) return { kind: 'made', resourceId: record.resourceId };
      if (record !== undefined) throw inProgress();
    }
    const condition =
      stored === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'version', version: stored.version } as const);
    try {
      await table.transact([putRecord(clock, at, { requestDigest: digest }, claimSeconds, condition)]);
      return { kind: 'claimed', version: (stored?.version ?? 0) + 1 };
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      looks = true;
      return undefined;
    }
  });
}

function putRecord(
  clock: Clock,
  key: TableKey,
  content: Omit<IdempotencyRecord, 'expires'>,
  seconds: number,
  condition: Extract<TableWrite, { kind: 'put' }>['condition'] & object,
): TableWrite {
  const expiresAt = Math.floor(clock.now().getTime() / 1_000) + seconds;
  return { kind: 'put', key, data: { ...content, expires: expiresAt }, expiresAt, condition };
}

/** A record as long as it stands for something. @throws EngineError idempotency.mismatch */
function current(clock: Clock, digest: Sha256, record: IdempotencyRecord): IdempotencyRecord | undefined {
  if (record.expires * 1_000 <= clock.now().getTime()) return undefined;
  if (record.requestDigest !== digest) {
    throw new EngineError('idempotency.mismatch', 'This Idempotency-Key came with another request before.');
  }
  return record;
}

async function standing(
  { table, clock }: { readonly table: Table; readonly clock: Clock },
  at: TableKey,
  digest: Sha256,
): Promise<IdempotencyRecord | undefined> {
  const stored = await table.get(at);
  return stored === undefined ? undefined : current(clock, digest, recordSchema.parse(stored.data));
}

/** Gives a claim up, so that the key can be used again at once; false where it is no longer that claim. */
async function release(table: Table, key: TableKey, version: number): Promise<boolean> {
  try {
    await table.transact([{ kind: 'delete', key, condition: { kind: 'version', version } }]);
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    // The table does not answer: what has failed is what the caller is to hear, and the claim ends by itself.
    return true;
  }
}

function inProgress(): EngineError {
  return new EngineError('idempotency.in_progress', 'A call with this Idempotency-Key has not ended yet.', {
    retryAfterSeconds: askAgainSeconds,
  });
}

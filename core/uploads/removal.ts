import { type ActorOrEngine, auditWrite } from '../audit/entry.ts';
import type { Versioned } from '../builds/build-repository.ts';
import { uploadUseKey } from '../builds/keys.ts';
import { uploadPlace } from '../builds/places.ts';
import type { Sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Ids } from '../ports/ids.ts';
import { type Table, type TableWrite, wrote } from '../ports/table.ts';
import { uploadLimits } from './limits.ts';
import { type UploadRecord, uploadWrite } from './upload-record.ts';
import { storedUpload, type UploadPorts } from './upload-repository.ts';
import { uploadUses } from './upload-uses.ts';

/** Builds whose specs are read before a removal: one request has no time for more. */
const mostBuilds = 1_000;
/** Builds that a refusal names. */
const mostNamed = 5;

/**
 * Removes an upload of a tenant, bytes and all (docs/decisions/0042). It is marked under the version that was read, so that
 * no build is started of it meanwhile; those that were started before are looked for, and what a build has used just now
 * stays, since that build may not be found yet.
 * @returns the upload as it was, and until when its bytes count against the tenant's room; undefined: no longer
 * @throws EngineError upload.not_found, also for what only another tenant has uploaded; upload.in_use
 */
export async function removeUpload(
  ports: UploadPorts & { readonly ids: Ids },
  tenantId: string,
  sha256: Sha256,
  actor: ActorOrEngine = { tenantId },
): Promise<{ upload: UploadRecord; countedUntil: string | undefined }> {
  for (;;) {
    const found = await storedUpload(ports.table, tenantId, sha256);
    if (found === undefined) throw new EngineError('upload.not_found', 'The tenant has no upload of this digest.');
    // Before the builds are looked through: one that begins meanwhile may come where the search has been.
    const asked = ports.clock.now().getTime();
    await refuseUsed(ports.table, tenantId, sha256);
    const settled = Date.parse(found.value.usedAt ?? '1970-01-01') + uploadLimits.settleMilliseconds;
    const rest = settled - asked;
    if (rest > 0) {
      const detail = 'A build has just begun to use the upload, and may not be found among those that have not ended.';
      throw new EngineError('upload.in_use', detail, { retryAfterSeconds: Math.ceil(rest / 1_000) });
    }
    const audit = auditWrite(ports, actor, { action: 'upload.removed', target: sha256 });
    const marked = await markRemoving(ports, found, [audit]);
    // Where somebody has used it since it was read it is looked at again.
    if (marked !== undefined) return { upload: found.value, countedUntil: await endRemoval(ports, marked) };
  }
}

/** @throws EngineError upload.in_use where the spec of a build names it that has not ended */
async function refuseUsed(table: Table, tenantId: string, sha256: Sha256): Promise<void> {
  const users = new Set<string>();
  const seen = new Set<string>();
  for await (const { build, digests } of uploadUses(table, tenantId)) {
    seen.add(build.id);
    if (digests.includes(sha256)) users.add(build.id);
    if (seen.size > mostBuilds) {
      const detail = `More than ${mostBuilds} builds have not ended: any may use the upload.`;
      throw new EngineError('upload.in_use', detail);
    }
  }
  if (users.size === 0) return;
  const named = [...users].slice(0, mostNamed).join(', ');
  const more = users.size > mostNamed ? ` and ${users.size - mostNamed} more` : '';
  throw new EngineError('upload.in_use', `Builds that have not ended use the upload: ${named}${more}.`);
}

/**
 * Says that an upload is being removed: it is there for nobody from then on, and the next sweep finishes what is cut short.
 * @returns undefined where somebody else has changed the record since it was read
 */
export async function markRemoving(
  { table, clock }: Pick<UploadPorts, 'table' | 'clock'>,
  { value, version }: Versioned<UploadRecord>,
  more: readonly TableWrite[] = [],
): Promise<Versioned<UploadRecord> | undefined> {
  const marked: UploadRecord = { ...value, removing: true, expiresAt: clock.now().toISOString() };
  return (await wrote(table, [uploadWrite(marked, version), ...more]))
    ? { value: marked, version: version + 1 }
    : undefined;
}

/**
 * Removes the bytes of an upload that is marked, then its record. Where an address that was given may still bring bytes,
 * the record stays, unseen, so that these are counted and swept: room that asking alone gave back would have no bound.
 * @returns until when the record stays; undefined where it is gone
 */
export async function endRemoval(
  { table, blobs, clock }: UploadPorts,
  { value, version }: Versioned<UploadRecord>,
): Promise<string | undefined> {
  const { tenantId, sha256, reservedBytes, addressedAt } = value;
  await blobs.delete(uploadPlace(tenantId, sha256));
  const until = new Date(Date.parse(addressedAt ?? value.createdAt) + uploadLimits.pendingMilliseconds);
  if (addressedAt !== undefined && until > clock.now()) {
    const { removing: _removing, storedAt: _storedAt, ...rest } = value;
    const expiresAt = until.toISOString();
    await wrote(table, [uploadWrite({ ...rest, removed: true, expiresAt }, version)]);
    return expiresAt;
  }
  const { key } = uploadWrite(value, version);
  await wrote(table, [
    { kind: 'delete', key, condition: { kind: 'version', version } },
    { kind: 'increment', key: uploadUseKey(tenantId), counter: 'bytes', by: -reservedBytes },
  ]);
  return undefined;
}

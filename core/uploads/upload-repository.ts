import type { Versioned } from '../builds/build-repository.ts';
import { tenantUploadsIndex, uploadKey, uploadUseKey } from '../builds/keys.ts';
import { uploadPlace } from '../builds/places.ts';
import type { Sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import { ConditionFailed, type Table, type TableWrite, wrote } from '../ports/table.ts';
import { uploadLimits } from './limits.ts';
import { readUploadRecord, type UploadRecord, uploadWrite } from './upload-record.ts';

export interface UploadPorts {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly clock: Clock;
}

/** What a caller says of a file that is to come. */
export interface UploadDeclaration {
  readonly sha256: Sha256;
  readonly size: number;
  readonly name?: string | undefined;
}

const later = (now: Date, milliseconds: number): string => new Date(now.getTime() + milliseconds).toISOString();

/**
 * Notes that a file is to come, or that one that is there is wanted on: declared again it is the same upload, and lives
 * as long as a new one would. What is stored is told by the store alone, which computed its checksum.
 * @throws EngineError upload.too_large, upload.size_conflict, upload.no_room; service.unavailable where it is just being
 *   removed
 */
export async function declareUpload(
  { table, blobs, clock }: UploadPorts,
  tenantId: string,
  { sha256, size, name }: UploadDeclaration,
): Promise<{ upload: UploadRecord; created: boolean }> {
  if (size > uploadLimits.bytes) {
    throw new EngineError('upload.too_large', `${size} bytes are more than the ${uploadLimits.bytes} of one upload.`);
  }
  const key = uploadKey(tenantId, sha256);
  for (;;) {
    const [record, info] = await Promise.all([table.get(key), blobs.head(uploadPlace(tenantId, sha256))]);
    const last = record === undefined ? undefined : readUploadRecord(record).value;
    if (last?.removing === true) {
      const detail = 'An upload of this digest is just being removed.';
      throw new EngineError('service.unavailable', detail, { retryAfterSeconds: 5 });
    }
    // Of what was removed only the room that it takes is left.
    const before = last?.removed === true ? undefined : last;
    const stored = info?.sha256 === sha256;
    if (stored && info.size !== size) {
      throw new EngineError('upload.size_conflict', `The bytes of this digest are stored; there are ${info.size}.`);
    }
    const now = clock.now();
    const expiresAt = later(now, stored ? uploadLimits.keptMilliseconds : uploadLimits.pendingMilliseconds);
    const label = name ?? before?.name;
    const addressedAt = stored ? last?.addressedAt : now.toISOString();
    const upload: UploadRecord = {
      ...{ tenantId, sha256, size },
      reservedBytes: Math.max(size, last?.reservedBytes ?? 0),
      ...(label === undefined ? {} : { name: label }),
      createdAt: before?.createdAt ?? now.toISOString(),
      ...(stored ? { storedAt: before?.storedAt ?? now.toISOString() } : {}),
      expiresAt: before !== undefined && before.expiresAt > expiresAt ? before.expiresAt : expiresAt,
      ...(addressedAt === undefined ? {} : { addressedAt }),
      ...(before?.usedAt === undefined ? {} : { usedAt: before.usedAt }),
    };
    const writes: TableWrite[] = [uploadWrite(upload, record?.version ?? 'absent')];
    const by = upload.reservedBytes - (last?.reservedBytes ?? 0);
    const room = { kind: 'increment', key: uploadUseKey(tenantId), counter: 'bytes' } as const;
    if (by > 0) writes.push({ ...room, by, max: uploadLimits.tenantBytes });
    try {
      await table.transact(writes);
      return { upload, created: before === undefined };
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // Where the record itself was changed by somebody else it is looked at again.
      if (error.failed.includes(0)) continue;
      const most = uploadLimits.tenantBytes;
      throw new EngineError('upload.no_room', `With ${by} bytes more, they would have more than ${most}.`, {
        cause: error,
      });
    }
  }
}

/** The upload as it is now; undefined where the tenant has none of this digest. Writes nothing. */
export async function findUpload(
  ports: UploadPorts,
  tenantId: string,
  sha256: Sha256,
): Promise<UploadRecord | undefined> {
  const found = await storedUpload(ports.table, tenantId, sha256);
  return found === undefined ? undefined : inStore(ports, found.value);
}

/**
 * The upload as it is now; that its bytes have come is noted.
 * @throws EngineError upload.not_found, also for what only another tenant has uploaded
 */
export async function getUpload(ports: UploadPorts, tenantId: string, sha256: Sha256): Promise<UploadRecord> {
  for (;;) {
    const found = await storedUpload(ports.table, tenantId, sha256);
    if (found === undefined) throw new EngineError('upload.not_found', 'The tenant has no upload of this digest.');
    const seen = await observed(ports, found);
    if (seen !== undefined) return seen.value;
  }
}

/** A tenant's uploads, newest first. `cursor` is the table's own: callers sign it before it leaves. */
export async function listUploads(
  ports: UploadPorts,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ uploads: readonly UploadRecord[]; cursor?: string }> {
  const found = await ports.table.query({
    index: 'byTenant',
    partition: tenantUploadsIndex(tenantId, '', '').partition,
    descending: true,
    limit: page.limit,
    ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
  });
  const uploads = await Promise.all(
    found.records.map(async (record) => {
      const upload = readUploadRecord(record);
      // Where the bytes were seen once they are there, unless they were found damaged.
      const seen = upload.value.storedAt === undefined ? await observed(ports, upload) : undefined;
      return (seen ?? upload).value;
    }),
  );
  return { uploads, ...(found.cursor === undefined ? {} : { cursor: found.cursor }) };
}

/**
 * Uploads by digest as they are now, each one that is stored kept for the full time from now on; a digest of which the
 * tenant has none is not among them.
 */
export async function useUploads(
  ports: UploadPorts,
  tenantId: string,
  digests: readonly Sha256[],
): Promise<ReadonlyMap<Sha256, UploadRecord>> {
  const used = await Promise.all(digests.map((sha256) => useUpload(ports, tenantId, sha256)));
  return new Map(used.flatMap((upload) => (upload === undefined ? [] : [[upload.sha256, upload] as const])));
}

async function useUpload(ports: UploadPorts, tenantId: string, sha256: Sha256): Promise<UploadRecord | undefined> {
  for (;;) {
    const found = await storedUpload(ports.table, tenantId, sha256);
    if (found === undefined) return undefined;
    const seen = await observed(ports, found);
    if (seen === undefined) continue;
    const kept = seen.value.storedAt === undefined ? seen.value : await noteUse(ports, seen);
    if (kept !== undefined) return kept;
  }
}

/** As `keepUpload`, by a build: nobody removes it while that may not be seen among those that have not ended. */
async function noteUse(
  ports: Pick<UploadPorts, 'table' | 'clock'>,
  { value, version }: Versioned<UploadRecord>,
): Promise<UploadRecord | undefined> {
  const now = ports.clock.now();
  const { usedAt } = value;
  if (usedAt !== undefined && later(new Date(usedAt), uploadLimits.useNoteMilliseconds) > now.toISOString()) {
    return keepUpload(ports, { value, version });
  }
  const expiresAt = later(now, uploadLimits.keptMilliseconds);
  const used: UploadRecord = { ...value, usedAt: now.toISOString(), expiresAt };
  return (await wrote(ports.table, [uploadWrite(used, version)])) ? used : undefined;
}

/**
 * Keeps a stored upload for the full time from now on.
 * @returns undefined where somebody else has changed the record since it was read
 */
export async function keepUpload(
  { table, clock }: Pick<UploadPorts, 'table' | 'clock'>,
  { value, version }: Versioned<UploadRecord>,
): Promise<UploadRecord | undefined> {
  const now = clock.now();
  const expiresAt = later(now, uploadLimits.keptMilliseconds);
  if (later(new Date(value.expiresAt), uploadLimits.noteMilliseconds) >= expiresAt) return value;
  const kept: UploadRecord = { ...value, expiresAt };
  return (await wrote(table, [uploadWrite(kept, version)])) ? kept : undefined;
}

/** The upload as it is noted; undefined where the tenant has none of this digest, or it is being removed. */
export async function storedUpload(
  table: Table,
  tenantId: string,
  sha256: Sha256,
): Promise<Versioned<UploadRecord> | undefined> {
  const record = await table.get(uploadKey(tenantId, sha256));
  if (record === undefined) return undefined;
  const upload = readUploadRecord(record);
  return upload.value.removing === true || upload.value.removed === true ? undefined : upload;
}

/**
 * The upload with what the store tells of it: `storedAt` is there exactly where its bytes are. That they have come is
 * noted, and keeps them for the full time.
 * @returns undefined where somebody else has changed the record since it was read
 */
export async function observed(
  ports: UploadPorts,
  upload: Versioned<UploadRecord>,
): Promise<Versioned<UploadRecord> | undefined> {
  const { version } = upload;
  const value = await inStore(ports, upload.value);
  if (value.storedAt === upload.value.storedAt || value.storedAt === undefined) return { value, version };
  const noted = await wrote(ports.table, [uploadWrite(value, version)]);
  return noted ? { value, version: version + 1 } : undefined;
}

/** The upload by what the store holds: stored where the checksum that the store verified is the one that names it. */
async function inStore(
  { blobs, clock }: Pick<UploadPorts, 'blobs' | 'clock'>,
  upload: UploadRecord,
): Promise<UploadRecord> {
  const { storedAt, ...value } = upload;
  const info = await blobs.head(uploadPlace(value.tenantId, value.sha256));
  if (info?.sha256 !== value.sha256) return value;
  if (storedAt !== undefined) return upload;
  const now = clock.now();
  const expiresAt = later(now, uploadLimits.keptMilliseconds);
  return { ...value, size: info.size, storedAt: now.toISOString(), expiresAt };
}

import { z } from 'zod';
import type { Versioned } from '../builds/build-repository.ts';
import { specKey, uploadExpiryIndex, uploadUseKey } from '../builds/keys.ts';
import { uploadPlace } from '../builds/places.ts';
import { unfinishedBuilds } from '../cache/needed-results.ts';
import { ConditionFailed, type Table, type TableWrite } from '../ports/table.ts';
import { readUploadRecord, type UploadRecord, uploadWrite } from './upload-record.ts';
import { keepUpload, observed, type UploadPorts } from './upload-repository.ts';

/** Uploads that one sweep looks at; the next one goes on. */
const mostSwept = 500;

/** As much of a stored spec as names uploads. */
const namesSchema = z.object({ files: z.array(z.object({ upload: z.string().optional() })) });

const nameOf = (tenantId: string, sha256: string): string => `${tenantId} ${sha256}`;

/**
 * Removes the uploads that have expired and that no build which has not ended needs (docs/decisions/0042). First the
 * record says that it is being removed, under its version: whoever has used the upload meanwhile has changed that, and
 * it stays. Then the bytes go, then the record; a sweep that was cut short between is finished by the next one.
 */
export async function sweepUploads(ports: UploadPorts): Promise<{ kept: number; removed: number }> {
  const now = ports.clock.now().toISOString();
  const { partition } = uploadExpiryIndex('', '', '');
  const page = await ports.table.query({ index: 'byState', partition, limit: mostSwept });
  const expired = page.records.map(readUploadRecord).filter(({ value }) => value.expiresAt <= now);
  if (expired.length === 0) return { kept: 0, removed: 0 };
  const needed = await neededUploads(ports.table);
  let removed = 0;
  for (const upload of expired) {
    const { tenantId, sha256 } = upload.value;
    if (await isKept(ports, upload, needed.has(nameOf(tenantId, sha256)))) continue;
    if (await remove(ports, upload)) removed += 1;
  }
  return { kept: expired.length - removed, removed };
}

/** Uploads that specs of builds name which have not ended. */
async function neededUploads(table: Table): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  for await (const { id, tenantId } of unfinishedBuilds(table)) {
    const spec = namesSchema.safeParse((await table.get(specKey(id)))?.data);
    for (const { upload } of spec.data?.files ?? []) if (upload !== undefined) needed.add(nameOf(tenantId, upload));
  }
  return needed;
}

/** Keeps one that is needed, and one whose bytes have come though nobody has asked since. */
async function isKept(ports: UploadPorts, upload: Versioned<UploadRecord>, needed: boolean): Promise<boolean> {
  if (upload.value.removing === true) return false;
  if (needed) {
    await keepUpload(ports, upload);
    return true;
  }
  if (upload.value.storedAt !== undefined) return false;
  const seen = await observed(ports, upload);
  return seen === undefined || seen.value.storedAt !== undefined;
}

/** @returns false where somebody has used it meanwhile */
async function remove({ table, blobs }: UploadPorts, { value, version }: Versioned<UploadRecord>): Promise<boolean> {
  const { tenantId, sha256, reservedBytes } = value;
  const marked = value.removing === true;
  const mark = uploadWrite({ ...value, removing: true }, version);
  if (!marked && !(await wrote(table, [mark]))) return false;
  await blobs.delete(uploadPlace(tenantId, sha256));
  const condition = { kind: 'version', version: marked ? version : version + 1 } as const;
  return wrote(table, [
    { kind: 'delete', key: mark.key, condition },
    { kind: 'increment', key: uploadUseKey(tenantId), counter: 'bytes', by: -reservedBytes },
  ]);
}

async function wrote(table: Table, writes: readonly TableWrite[]): Promise<boolean> {
  try {
    await table.transact(writes);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return false;
  }
}

import type { Versioned } from '../builds/build-repository.ts';
import { uploadExpiryIndex } from '../builds/keys.ts';
import type { Table } from '../ports/table.ts';
import { endRemoval, markRemoving } from './removal.ts';
import { readUploadRecord, type UploadRecord } from './upload-record.ts';
import { keepUpload, observed, type UploadPorts } from './upload-repository.ts';
import { uploadUses } from './upload-uses.ts';

/** Uploads that one sweep looks at; the next one goes on. */
const mostSwept = 500;

const nameOf = (tenantId: string, sha256: string): string => `${tenantId} ${sha256}`;

/**
 * Removes the uploads that have expired and that no build which has not ended needs (docs/decisions/0042). First the
 * record says that it is being removed, under its version: whoever has used the upload meanwhile has changed that, and
 * it stays. Then the bytes go, then the record; a removal that was cut short between is finished by the next sweep.
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
    // Also where it is marked already, since somebody was cut short: or is at work, and its bytes may be new ones by now.
    const marked = await markRemoving(ports, upload);
    if (marked === undefined) continue;
    await endRemoval(ports, marked);
    removed += 1;
  }
  return { kept: expired.length - removed, removed };
}

/** Uploads that specs of builds name which have not ended. */
async function neededUploads(table: Table): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  for await (const { build, digests } of uploadUses(table)) {
    for (const sha256 of digests) needed.add(nameOf(build.tenantId, sha256));
  }
  return needed;
}

/**
 * Keeps one that is needed, and one whose bytes have come though nobody has asked since; not what is being removed, nor
 * what its tenant has removed, whatever has come since.
 */
async function isKept(ports: UploadPorts, upload: Versioned<UploadRecord>, needed: boolean): Promise<boolean> {
  if (upload.value.removing === true || upload.value.removed === true) return false;
  if (needed) {
    await keepUpload(ports, upload);
    return true;
  }
  if (upload.value.storedAt !== undefined) return false;
  const seen = await observed(ports, upload);
  return seen === undefined || seen.value.storedAt !== undefined;
}

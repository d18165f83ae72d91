import type { Versioned } from '../builds/build-repository.ts';
import { uploadExpiryIndex } from '../builds/keys.ts';
import { uploadPlace } from '../builds/places.ts';
import type { Table } from '../ports/table.ts';
import type { Finding, Look, LookContext } from '../retention/finding.ts';
import { endRemoval, markRemoving } from './removal.ts';
import { readUploadRecord, type UploadRecord } from './upload-record.ts';
import { keepUpload, observed, type UploadPorts } from './upload-repository.ts';
import { uploadUses } from './upload-uses.ts';

/** Uploads that one sweep looks at; the next one goes on. */
const mostSwept = 500;

const nameOf = (tenantId: string, sha256: string): string => `${tenantId} ${sha256}`;

/**
 * The uploads that have expired and that no build which has not ended needs (docs/decisions/0042). When one is removed
 * its record first says so, under its version: whoever has used the upload meanwhile has changed that, and it stays. Then
 * the bytes go, then the record; a removal that was cut short between is finished by the next sweep.
 */
export async function lookForUploads(ports: UploadPorts, { now, most }: LookContext): Promise<Look> {
  const { partition } = uploadExpiryIndex('', '', '');
  const page = await ports.table.query({ index: 'byState', partition, limit: mostSwept });
  const expired = page.records.map(readUploadRecord).filter(({ value }) => value.expiresAt <= now.toISOString());
  if (expired.length === 0) return { findings: [] };
  const needed = await neededUploads(ports.table);
  const findings: Finding[] = [];
  const chores: (() => Promise<void>)[] = [];
  for (const upload of expired) {
    const { tenantId, sha256, size } = upload.value;
    const isNeeded = needed.has(nameOf(tenantId, sha256));
    if (await stays(ports, upload, isNeeded)) {
      // It is noted that it is needed, or that its bytes have come.
      chores.push(async () => void (await isKept(ports, upload, isNeeded)));
    } else {
      findings.push({
        ...{ what: `${tenantId}/${sha256}`, tenantId, why: ['expired'], bytes: size },
        remove: () => removeExpired(ports, upload),
      });
    }
  }
  return { findings: findings.slice(0, most), chores, more: findings.length > most };
}

/** As a cleanup removes expired uploads: how many went, and how many stayed. */
export async function sweepUploads(ports: UploadPorts): Promise<{ kept: number; removed: number }> {
  const { findings, chores = [] } = await lookForUploads(ports, { now: ports.clock.now(), most: mostSwept });
  for (const chore of chores) await chore();
  let removed = 0;
  for (const { remove } of findings) if (await remove()) removed += 1;
  return { kept: chores.length + findings.length - removed, removed };
}

async function removeExpired(ports: UploadPorts, upload: Versioned<UploadRecord>): Promise<boolean> {
  // A build may have come to need it since it was found, which its record says; its bytes may have come.
  if (await isKept(ports, upload, false)) return false;
  // Also where it is marked already, since somebody was cut short: or is at work, and its bytes may be new ones by now.
  const marked = await markRemoving(ports, upload);
  if (marked === undefined) return false;
  await endRemoval(ports, marked);
  return true;
}

/** As isKept, without writing anything. */
async function stays(ports: UploadPorts, { value }: Versioned<UploadRecord>, needed: boolean): Promise<boolean> {
  if (value.removing === true || value.removed === true) return false;
  if (needed) return true;
  if (value.storedAt !== undefined) return false;
  return (await ports.blobs.head(uploadPlace(value.tenantId, value.sha256)))?.sha256 === value.sha256;
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

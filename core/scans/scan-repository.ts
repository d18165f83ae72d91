import { untilDone } from '../access/attempts.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { buildKey, scanKey } from '../builds/keys.ts';
import { scanPlace } from '../builds/places.ts';
import { sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { EventDetail } from '../events/catalogue.ts';
import { outboxWrite } from '../events/outbox.ts';
import { readJson, toJsonObject, utf8 } from '../json.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { type Table, type TableWrite, wrote } from '../ports/table.ts';
import { findImage, imageUnchanged, needUnpurged, type StoredImage } from '../retention/image.ts';
import { workOf } from '../sharing/work-of.ts';
import { type Scan, type ScanKind, scanKinds, scanSchema } from './scan.ts';

/** Scans of a kind that are kept of a build: older ones go. A year of weeks, and small beside the image. */
export const keptScans = 52;

export interface ScanPorts {
  readonly table: Table;
  readonly blobs: Pick<Blobs, 'put' | 'delete'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A scan before it is stored: `report` is JSON. */
export type FoundScan = {
  readonly [K in ScanKind]: Omit<Extract<Scan, { kind: K }>, 'id' | 'build' | 'at' | 'report'> & {
    readonly report: object;
  };
}[ScanKind];

/** How a scan differs from the one before it. */
export interface ScanChange {
  /** State of the one before; absent: there was none. */
  readonly before?: string | undefined;
  /** What is found now that was not before: checks that no longer pass, or vulnerabilities. */
  readonly appeared: number;
  /** What was found before and is not now. */
  readonly gone: number;
}

/**
 * Stores what a scan found and tells of it (`scan.completed`), with the oldest that are too many removed. Reports go with
 * the image that they are of: of one that is just being purged none is stored.
 * @returns the scan as it is stored
 * @throws EngineError artifact.purged, service.unavailable
 */
export async function storeScan(
  ports: ScanPorts,
  build: BuildRecord,
  found: FoundScan,
  change: ScanChange,
): Promise<Scan> {
  const { table, blobs } = ports;
  const { scan, writes } = await scanWrites(ports, build, found, change);
  try {
    await untilDone(async () => {
      const image = await needScannable(table, build);
      return (await wrote(table, [...writes, imageUnchanged(build.id, image?.version)])) ? true : undefined;
    });
  } catch (error) {
    if (error instanceof EngineError) await blobs.delete(scanPlace(build.tenantId, scan.id));
    throw error;
  }
  await forgetOldest(ports, build, found.kind);
  return scan;
}

/** The image of a build, where it is written down. @throws EngineError artifact.purged where its scans are of the past */
export async function needScannable(
  table: Pick<Table, 'get'>,
  build: Pick<BuildRecord, 'id'>,
): Promise<StoredImage | undefined> {
  const found = await findImage(table, build.id);
  if (found !== undefined) needUnpurged(found.image);
  return found;
}

/** Stores the report of a scan; answers the writes that make it a scan of the build, for a transaction with others. */
export async function scanWrites(
  ports: ScanPorts,
  build: BuildRecord,
  found: FoundScan,
  change: ScanChange,
): Promise<{ readonly scan: Scan; readonly writes: readonly TableWrite[] }> {
  const { report, ...rest } = found;
  const bytes = utf8(`${JSON.stringify(report)}\n`);
  const id = ports.ids.next('scn');
  await ports.blobs.put(scanPlace(build.tenantId, id), bytes, { contentType: 'application/json' });
  const scan = scanSchema.parse({
    ...rest,
    ...{ id, build: workOf(build), at: ports.clock.now().toISOString() },
    report: { sha256: sha256(bytes), size: bytes.length },
  });
  return {
    scan,
    writes: [
      { kind: 'put', key: scanKey(scan.build, scan.kind, scan.id), data: toJsonObject(scan) },
      outboxWrite(ports, 'scan.completed', build.tenantId, completed(build, scan, change)),
    ],
  };
}

function completed(build: BuildRecord, scan: Scan, { before, appeared, gone }: ScanChange) {
  const { id: scanId, kind, cause, state } = scan;
  const detail: EventDetail<'scan.completed'> = {
    ...{ buildId: build.id, teamId: build.teamId, scanId, kind, cause, state, before, appeared, gone },
  };
  if (scan.kind !== 'vulnerabilities') return detail;
  const { critical, high, medium, low } = scan.counts;
  const found = { critical: critical.found, high: high.found, medium: medium.found, low: low.found };
  return { ...detail, found };
}

/** Forgets a build's oldest scans of a kind that are too many: the bytes first, since their name is in the record. */
async function forgetOldest(ports: ScanPorts, build: BuildRecord, kind: ScanKind): Promise<void> {
  const scans = await listScans(ports.table, build, kind, keptScans + 20);
  for (const { id } of scans.slice(keptScans)) {
    await ports.blobs.delete(scanPlace(build.tenantId, id));
    await ports.table.transact([{ kind: 'delete', key: scanKey(workOf(build), kind, id) }]);
  }
}

/**
 * Removes what the scans of a build found. That they were made, and what they came to, stays with the build. Safe to
 * repeat.
 */
export async function removeScanReports(
  { table, blobs }: { readonly table: Table; readonly blobs: Pick<Blobs, 'delete'> },
  build: Pick<BuildRecord, 'id' | 'tenantId' | 'sharesWith'>,
): Promise<void> {
  for (const kind of scanKinds) {
    // Also those that were about to be forgotten.
    const scans = await listScans(table, build, kind, keptScans + 20);
    await Promise.all(scans.map(({ id }) => blobs.delete(scanPlace(build.tenantId, id))));
  }
}

/** Scans of a build of a kind, the latest first. @param limit 1 to 1,000 */
export async function listScans<K extends ScanKind>(
  table: Table,
  build: Pick<BuildRecord, 'id' | 'sharesWith'>,
  kind: K,
  limit: number,
): Promise<Extract<Scan, { kind: K }>[]> {
  const workId = workOf(build);
  const { partition } = buildKey(workId);
  const page = await table.query({
    ...{ partition, sortPrefix: scanKey(workId, kind, '').sort, descending: true, limit },
  });
  return page.records
    .map(({ data }) => scanSchema.parse(data))
    .filter((scan): scan is Extract<Scan, { kind: K }> => scan.kind === kind);
}

/** A scan of a build by its id. @throws EngineError scan.not_found */
export async function getScan(
  table: Table,
  build: Pick<BuildRecord, 'id' | 'sharesWith'>,
  scanId: string,
): Promise<Scan> {
  const records = await Promise.all(scanKinds.map((kind) => table.get(scanKey(workOf(build), kind, scanId))));
  const record = records.find((one) => one !== undefined);
  if (record === undefined) throw new EngineError('scan.not_found', `The build has no scan ${scanId}.`);
  return scanSchema.parse(record.data);
}

/**
 * What a scan found.
 * @throws EngineError scan.damaged where the store does not have it, or has other bytes
 */
export async function readScanReport(blobs: Pick<Blobs, 'get'>, tenantId: string, scan: Scan): Promise<unknown> {
  const bytes = await blobs.get(scanPlace(tenantId, scan.id));
  if (bytes === undefined || sha256(bytes) !== scan.report.sha256) {
    throw new EngineError('scan.damaged', `What the scan ${scan.id} found is gone, or is other bytes.`);
  }
  return readJson(bytes);
}

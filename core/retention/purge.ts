import { auditWrite } from '../audit/entry.ts';
import { findBuild } from '../builds/build-repository.ts';
import { listArtifacts } from '../builds/stage-repository.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Blobs } from '../ports/blobs.ts';
import { type Table, type TableRecord, type TableWrite, wrote } from '../ports/table.ts';
import { releaseWrites, settleLeases } from '../quota/settlement.ts';
import { removeScanReports } from '../scans/scan-repository.ts';
import { workOf } from '../sharing/work-of.ts';
import { forgetStanding } from '../vulnerabilities/standing.ts';
import { isStanding, removeContent } from './content.ts';
import type { Finding, Look, LookContext, LookFailure } from './finding.ts';
import { findImage, type ImageRecord, imageWrite, type RetentionPorts, readImage, subjectOf } from './image.ts';
import { isIndexed } from './index-tenant.ts';
import { purgingOfTenant, trashOfTenant, trashPartitions } from './places.ts';
import { allOf, forgetStale, readProtections } from './protection.ts';

/** Behind the date of a place of the trash, after all that can follow it there. */
const lastOfDate = '$';

type PurgePorts = RetentionPorts & { readonly blobs: Blobs };

/** Milliseconds after which a look reads no further: what it finds is to be removed in the same call. */
const looksWithin = 120_000;

/** Milliseconds after which what is in the trash and protected is looked at again. */
const looksAgain = 86_400_000;

/** What has been in the trash for long enough and is not protected, and what was about to be purged. */
export async function lookForPurgeable(ports: PurgePorts, context: LookContext): Promise<Look> {
  const { now, tenantId, most } = context;
  const ends = ports.clock.now().getTime() + looksWithin;
  const chores: (() => Promise<void>)[] = [];
  const findings: Finding[] = [];
  const failures: LookFailure[] = [];
  const indexed = new Map<string, boolean>();
  for await (const record of dueTrash(ports.table, now, tenantId)) {
    try {
      const { image, version } = readImage(record);
      if (ports.clock.now().getTime() >= ends) return { findings, failures, chores, more: true };
      const goes = await mayGo(ports, image, indexed, chores);
      if (goes === 'protected') chores.push(() => lookLater(ports, { image, version }, now));
      if (goes !== true) continue;
      if (findings.length >= most) return { findings, failures, chores, more: true };
      const { buildId, bytes } = image;
      findings.push({
        ...{ what: buildId, tenantId: image.tenantId, why: ['trash'] },
        ...(bytes === undefined ? {} : { bytes }),
        remove: () => purge(ports, buildId),
      });
    } catch (error) {
      failures.push({ what: record.key.partition, error });
    }
  }
  return { findings, failures, chores };
}

/** Has what is protected not be looked at by each run: somebody may keep any number of images so, and all wait for one. */
async function lookLater(
  { table }: PurgePorts,
  { image, version }: { readonly image: ImageRecord; readonly version: number },
  now: Date,
): Promise<void> {
  if (image.trash === undefined) return;
  const lookAt = new Date(now.getTime() + looksAgain).toISOString();
  await wrote(table, [imageWrite({ ...image, trash: { ...image.trash, lookAt } }, version)]);
}

/** What may be purged by its date; of a tenant only its own is read. */
async function* dueTrash(table: Table, now: Date, tenantId: string | undefined): AsyncGenerator<TableRecord> {
  const lists =
    tenantId === undefined
      ? trashPartitions.map((partition) => ({ partition, index: 'byState' as const }))
      : [purgingOfTenant(tenantId, '', ''), trashOfTenant(tenantId, '', '')].map(({ partition }) => ({
          ...{ partition, index: 'byTenant' as const },
        }));
  for (const { partition, index } of lists) {
    for await (const record of allOf(table, partition, undefined, index)) {
      // Sorted by its date, which stands first.
      if ((record.indexes[index]?.sort ?? '') > now.toISOString() + lastOfDate) break;
      yield record;
    }
  }
}

async function mayGo(
  { table }: PurgePorts,
  image: ImageRecord,
  indexed: Map<string, boolean>,
  chores: (() => Promise<void>)[],
): Promise<boolean | 'protected'> {
  if (image.state === 'purging') return true;
  const { tenantId } = image;
  if (!indexed.has(tenantId)) indexed.set(tenantId, await isIndexed(table, tenantId));
  // Before all builds of a tenant have said what they stand on, no bytes go.
  if (image.state !== 'trashed' || indexed.get(tenantId) !== true) return false;
  const build = await findBuild(table, image.buildId);
  if (build === undefined) return false;
  const found = await readProtections(table, build.value);
  if (found.stale.length > 0) chores.push(() => forgetStale(table, found));
  return found.protections.length === 0 || 'protected';
}

/**
 * Removes for good what is in the trash. First it is gone for everybody, and with that its quota is free, in one
 * transaction; then bytes go on which nobody else stands, and what scans of it found; then it is purged. Cut short, the next call goes on.
 * @returns false where something has changed, or bytes are in the hands of somebody else
 */
export async function purge(ports: PurgePorts, buildId: string): Promise<boolean> {
  const { table } = ports;
  const build = (await findBuild(table, buildId))?.value;
  const found = await findImage(table, buildId);
  if (build === undefined || found?.version === undefined) return false;
  const { tenantId } = build;
  let { image, version } = { ...found, version: found.version };
  if (image.state === 'trashed') {
    if ((image.trash?.purgeAt ?? '') > ports.clock.now().toISOString()) return false;
    const { protections, unchanged } = await readProtections(table, build);
    if (protections.length > 0) return false;
    // What its leases hold is what it came to only once they are settled.
    await settleLeases(table, buildId);
    const purging: ImageRecord = { ...image, state: 'purging' };
    const begun = await wrote(table, [
      imageWrite(purging, version),
      ...unchanged,
      ...(await releaseWrites(table, build)),
      auditWrite(ports, { tenantId }, { action: 'artifact.purged', target: buildId }),
      outboxWrite(ports, 'artifact.purged', tenantId, subjectOf(purging)),
    ]);
    if (!begun) return false;
    [image, version] = [purging, version + 1];
  }
  if (image.state !== 'purging') return image.state === 'purged';
  const digests = new Set((await listArtifacts(table, workOf(build))).map(({ sha256 }) => sha256));
  let busy = false;
  for (const digest of digests) if ((await removeContent(ports, tenantId, digest)) === 'busy') busy = true;
  if (busy) return false;
  // Scans are of the work, as the artifacts are.
  if (!(await isStanding(table, workOf(build)))) await removeScanReports(ports, build);
  const { stale } = await readProtections(table, build);
  const purged: ImageRecord = { ...image, state: 'purged', purgedAt: ports.clock.now().toISOString() };
  const rest = stale.slice(0, 90).map((key): TableWrite => ({ kind: 'delete', key }));
  return wrote(table, [imageWrite(purged, version), forgetStanding(buildId), ...rest]);
}
